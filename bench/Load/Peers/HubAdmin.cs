using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Tunnel.Bench.Load.Peers;

/// <summary>The hub's API on its admin socket.</summary>
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
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A token for an edge.</summary>
    public async Task<string> TokenAsync(string id, string host)
    {
        using var answer = await _http.PostAsJsonAsync($"/api/v1/edges/{id}/token", new { host });
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("token").GetString()!;
    }

    public void Dispose() => _http.Dispose();
}
