using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>
/// Sends new clients at a steady rate, each of which sends a byte and has to get it back from the upstream, so that every client that is
/// refused, reset or forgotten is noticed.
/// </summary>
public sealed class SteadyClients : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _upstream;
    private readonly IPEndPoint _edge;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly List<Task> _clients = [];
    private readonly Task _serving;
    private readonly Task _sending;
    private int _served;

    private SteadyClients(TcpListener upstream, IPEndPoint edge, int perSecond)
    {
        (_upstream, _edge) = (upstream, edge);
        _serving = ServeAsync();
        _sending = Task.Run(() => SendAsync(perSecond));
    }

    /// <summary>How many clients have had their answer.</summary>
    public int Served => Volatile.Read(ref _served);

    /// <summary>Starts to send clients to one of a setup's ports.</summary>
    public static SteadyClients Start(TunnelSetup setup, int port, int perSecond) =>
        Start(setup.Listen(port, backlog: 1024), new IPEndPoint(setup.EdgeAddress, port), perSecond);

    /// <summary>Starts to send clients to a port of an edge.</summary>
    /// <param name="upstream">Where they come out; owned by this object from now on.</param>
    /// <param name="edge">The edge's address and port.</param>
    /// <param name="perSecond">How many clients come in a second.</param>
    public static SteadyClients Start(TcpListener upstream, IPEndPoint edge, int perSecond) => new(upstream, edge, perSecond);

    /// <summary>Waits until so many more clients have had their answer.</summary>
    public Task WaitForMoreAsync(int clients)
    {
        var goal = Served + clients;
        return Eventually.IsTrueAsync(
            () => Task.FromResult(Served >= goal || !_failures.IsEmpty), $"{clients} clients more", explain: Describe);
    }

    /// <summary>Sends no more, waits for those under way, and returns what went wrong.</summary>
    public async Task<IReadOnlyList<string>> FinishAsync()
    {
        await _end.CancelAsync();
        await _sending;
        await Task.WhenAll(_clients);
        return [.. _failures];
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _upstream.Stop();
        await _serving;
        _end.Dispose();
    }

    private string Describe() => $"{Served} were served; {string.Join(", ", _failures.Take(5))}";

    private async Task SendAsync(int perSecond)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
        try
        {
            while (await pace.WaitForNextTickAsync(_end.Token))
            {
                _clients.Add(TryAsync(_clients.Count));
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TryAsync(int number)
    {
        var start = DateTime.UtcNow;
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            using var socket = new Socket(_edge.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(_edge, limit.Token);
            await socket.SendAsync(new byte[] { 1 }, SocketFlags.None, limit.Token);
            var read = await socket.ReceiveAsync(new byte[1], SocketFlags.None, limit.Token);
            if (read == 1)
            {
                Interlocked.Increment(ref _served);
            }
            else
            {
                _failures.Enqueue($"client {number} of {start:HH:mm:ss.fff}: an end without an answer");
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            _failures.Enqueue(
                $"client {number} of {start:HH:mm:ss.fff}: {(e as SocketException)?.SocketErrorCode.ToString() ?? "no answer"}");
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                _ = AnswerAsync(await _upstream.AcceptSocketAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static async Task AnswerAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                var buffer = new byte[1];
                if (await socket.ReceiveAsync(buffer, SocketFlags.None) == 1)
                {
                    await socket.SendAsync(buffer, SocketFlags.None);
                    await socket.ReceiveAsync(buffer, SocketFlags.None);
                }
            }
            catch (SocketException)
            {
                // The client's side reports what went wrong.
            }
        }
    }
}
