using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Tunnel.Bench.Load.Peers;

/// <summary>Speaks to the API on an admin socket: the hub's, of which an edge has the reading part.</summary>
internal sealed class HubAdmin(string path) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://hub"),
        Timeout = TimeSpan.FromMinutes(5),
    };

    /// <summary>Replaces all allowed edges.</summary>
    public async Task ApplyAsync(IEnumerable<object> edges)
    {
        using var answer = await _http.PutAsJsonAsync("/api/v1/edges", edges.ToArray());
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Replaces one edge.</summary>
    public async Task PutAsync(string id, object edge)
    {
        using var answer = await _http.PutAsJsonAsync($"/api/v1/edges/{id}", edge);
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Returns the answer of a GET.</summary>
    public Task<string> GetAsync(string path) => _http.GetStringAsync(path);

    /// <summary>Reads the endless answer of a GET for a while, and leaves.</summary>
    public async Task FollowAsync(string path, TimeSpan duration)
    {
        using var end = new CancellationTokenSource(duration);
        try
        {
            using var stream = await _http.GetStreamAsync(path, end.Token);
            var buffer = new byte[4096];
            while (await stream.ReadAsync(buffer, end.Token) > 0)
            {
            }
        }
        catch (OperationCanceledException)
        {
            // The hub has had long enough to answer.
        }
    }

    /// <summary>Returns a token for an edge.</summary>
    public async Task<string> TokenAsync(string id, string host)
    {
        using var answer = await _http.PostAsJsonAsync($"/api/v1/edges/{id}/token", new { host });
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("token").GetString()!;
    }

    public void Dispose() => _http.Dispose();
}
