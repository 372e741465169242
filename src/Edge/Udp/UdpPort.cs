using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Udp;

/// <summary>Serves one UDP port: receives datagrams and gives each to its session.</summary>
internal sealed class UdpPort : IBoundPort, IDatagramReceiver
{
    private readonly IDatagramSocket _socket;
    private readonly PortAdmission _admission;
    private readonly UdpSessions _sessions;
    private readonly ILogger _logger;
    private UdpSession? _unflushed;
    private long _bytesIn;
    private long _bytesOut;
    private uint _overflows;
    private volatile bool _hasFailed;

    private UdpPort(IDatagramSocket socket, PortAdmission admission, UdpSessions sessions, ILogger logger) =>
        (_socket, _admission, _sessions, _logger) = (socket, admission, sessions, logger);

    /// <summary>The port's number.</summary>
    public int Number => _socket.LocalPort;

    public int Active => _admission.Active;

    public string? Fault => _hasFailed ? "its receive loop has ended" : null;

    public PortAdmission Admission => _admission;

    /// <summary>Starts to serve a bound socket, which belongs to this port from now on.</summary>
    public static UdpPort Start(IDatagramSocket socket, PortAdmission admission, UdpSessions sessions, ILogger logger)
    {
        var port = new UdpPort(socket, admission, sessions, logger);
        sessions.AddPort(port);
        Task.Run(port.ReceiveAsync).Guard("receiving at a UDP port");
        return port;
    }

    /// <summary>
    /// Adds an answer to those that are sent with <see cref="SendAnswers"/>. An answer for which there is no room is dropped and counted.
    /// </summary>
    public void AddAnswer(UdpSession session, ReadOnlySpan<byte> payload)
    {
        Interlocked.Add(ref _bytesOut, payload.Length);
        if (_socket.TryAdd(session, payload))
            return;
        // The answers that were added before must be sent first.
        SendAnswers(session);
        if (!_socket.TryAdd(session, payload))
            _admission.CountDrops(RefusalReason.UdpSendFailed, 1);
    }

    /// <summary>Sends the answers that were added on this thread to the session's client. Answers that can't be sent are counted.</summary>
    public void SendAnswers(UdpSession session) =>
        _admission.CountDrops(RefusalReason.UdpSendFailed, _socket.Send(session, session.Key.Path));

    /// <summary>Returns how many datagrams the kernel has dropped since the last call.</summary>
    public int TakeOverflows()
    {
        var overflows = _socket.Overflows;
        return (int)(overflows - Interlocked.Exchange(ref _overflows, overflows));
    }

    public int Reset(Func<IPAddress, bool> which) => _sessions.EndWhere(this, which);

    /// <summary>Applies another policy. A flow has no end of its own, so those that the policy no longer lets in are ended.</summary>
    public void Update(EdgePortPolicy policy)
    {
        _admission.Policy = policy;
        if (policy.HasLists)
            _sessions.EndDenied(this);
    }

    public PortStatistics GetStatistics() => _admission.GetStatistics((Volatile.Read(ref _bytesIn), Volatile.Read(ref _bytesOut)));

    /// <summary>
    /// Closes the port at once. There is nothing to drain, because a flow has no end of its own that could be waited for.
    /// </summary>
    public void Close(TimeSpan drain)
    {
        _sessions.EndPort(this);
        _socket.Dispose();
    }

    /// <inheritdoc/>
    public Task LeaveAsync()
    {
        _sessions.EndPort(this);
        _socket.Leave();
        return Task.CompletedTask;
    }

    private async Task ReceiveAsync()
    {
        try
        {
            while (await _socket.WaitReadableAsync())
            {
                if (ReceiveBatch())
                    await Task.Yield();
            }
        }
        catch (Exception e)
        {
            _hasFailed = true;
            UdpLog.ReceiveLoopFaulted(_logger, PortKey.Udp(Number), e);
            _socket.Dispose();
        }
    }

    void IDatagramReceiver.OnCut(int count) => _admission.CountDrops(RefusalReason.UdpTruncated, count);

    void IDatagramReceiver.OnDatagram(in DatagramPath path, ReadOnlySpan<byte> payload)
    {
        // Only this loop writes the field.
        Volatile.Write(ref _bytesIn, _bytesIn + payload.Length);
        if (_sessions.Forward(this, path, payload) is not { } session)
            return;
        if (_unflushed is { } other && !session.SharesTunnelWith(other))
            other.Flush();
        _unflushed = session;
    }

    /// <summary>
    /// Receives one batch; returns whether the thread is to be given back, which is after each full batch: it may be the socket engine's,
    /// and other sockets need it.
    /// </summary>
    private bool ReceiveBatch()
    {
        var more = _socket.Receive(this);
        _unflushed?.Flush();
        _unflushed = null;
        return more;
    }
}
