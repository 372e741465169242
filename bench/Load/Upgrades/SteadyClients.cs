using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Upgrades;

/// <summary>
/// New clients at a steady rate, whatever becomes of those before: each connects, sends a byte, wants it back and leaves.
/// </summary>
internal sealed class SteadyClients : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private readonly IPEndPoint _address;
    private readonly int _perSecond;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<SteadyClient> _clients = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Task _sending;
    private int _sent;

    private SteadyClients(IPEndPoint address, int perSecond)
    {
        (_address, _perSecond) = (address, perSecond);
        _sending = Task.Run(() => Paced.RunAsync(Pace, ConnectDue, _end.Token));
    }

    /// <summary>Begins to send clients.</summary>
    public static SteadyClients Start(IPEndPoint address, int perSecond) => new(address, perSecond);

    /// <summary>Sends no more, and waits for those under way.</summary>
    /// <returns>What became of all, and how long clients were sent.</returns>
    public async Task<(IReadOnlyCollection<SteadyClient> Clients, TimeSpan Duration)> FinishAsync()
    {
        var duration = Stopwatch.GetElapsedTime(_began);
        await _end.CancelAsync();
        await _sending;
        return (_clients, duration);
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _end.Dispose();
    }

    // A tick that comes late on a busy machine sends all that are due, so that the rate stays what was asked for.
    private IEnumerable<Task> ConnectDue()
    {
        for (var due = (int)(Stopwatch.GetElapsedTime(_began).TotalSeconds * _perSecond); _sent < due; _sent++)
            yield return ConnectAsync();
    }

    private async Task ConnectAsync()
    {
        var began = Stopwatch.GetTimestamp();
        TimeSpan? connect = null;
        ClientEnd end;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(_address, limit.Token);
            connect = Stopwatch.GetElapsedTime(began);
            await socket.SendAsync(new byte[1], limit.Token);
            end = await socket.ReceiveAsync(new byte[1], limit.Token) == 1 ? ClientEnd.Served : ClientEnd.Reset;
        }
        catch (SocketException e)
        {
            end = e.SocketErrorCode == SocketError.ConnectionRefused ? ClientEnd.Refused : ClientEnd.Reset;
        }
        catch (OperationCanceledException)
        {
            end = ClientEnd.Forgotten;
        }

        _clients.Add(new SteadyClient(end, connect, Stopwatch.GetElapsedTime(began)));
    }
}

/// <summary>What became of a client.</summary>
internal enum ClientEnd
{
    /// <summary>It had its byte.</summary>
    Served,

    /// <summary>Nobody listened.</summary>
    Refused,

    /// <summary>It was reset, or its connection ended without an answer.</summary>
    Reset,

    /// <summary>Nothing came for half a minute.</summary>
    Forgotten,
}

/// <summary>One client that came and went.</summary>
/// <param name="End">What became of it.</param>
/// <param name="Connect">How long the connect took; null: there was none.</param>
/// <param name="Answer">How long it took until its end was known, since the connect began.</param>
internal readonly record struct SteadyClient(ClientEnd End, TimeSpan? Connect, TimeSpan Answer);
