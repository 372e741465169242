using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Shared.Relay;

namespace Tunnel.Hub.Serving;

/// <summary>Gives the streams of one port to a server, such as Kestrel.</summary>
internal sealed class TunnelConnectionListener : IConnectionListener, IStreamAcceptor
{
    // As many as a kernel's queue of connections holds by default; further clients are reset.
    private const int Backlog = 512;

    private readonly TunnelEndPoint _endPoint;
    private readonly PortAcceptors _acceptors;
    private readonly Channel<TunnelConnection> _waiting = Channel.CreateBounded<TunnelConnection>(Backlog);

    public TunnelConnectionListener(TunnelEndPoint endPoint, PortAcceptors acceptors) => (_endPoint, _acceptors) = (endPoint, acceptors);

    public EndPoint EndPoint => _endPoint;

    public bool TryAccept(StreamVisit visit)
    {
        var pipes = new PipeEndpoint();
        if (!_waiting.Writer.TryWrite(new TunnelConnection(visit, pipes)))
            return false;
        visit.Join(pipes);
        return true;
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _waiting.Reader.WaitToReadAsync(cancellationToken) && _waiting.Reader.TryRead(out var connection) ? connection : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _acceptors.Remove(_endPoint.EdgeId ?? "", _endPoint.Port);
        _waiting.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        while (_waiting.Reader.TryRead(out var connection))
        {
            connection.Abort();
            await connection.DisposeAsync();
        }
    }
}
