using Microsoft.AspNetCore.Connections;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Shared.Relay;

namespace Tunnel.Hub.Serving;

/// <summary>A client's stream in the form that Kestrel expects. Its addresses are the client's own, and no socket lies between.</summary>
internal sealed class TunnelConnection : DefaultConnectionContext
{
    private readonly PipeEndpoint _pipes;

    public TunnelConnection(StreamVisit visit, PipeEndpoint pipes)
        : base(visit.Id.ToString())
    {
        _pipes = pipes;
        Transport = pipes.Application;
        ConnectionClosed = pipes.Closed;
        RemoteEndPoint = visit.Opening.Source;
        LocalEndPoint = visit.Opening.Destination;
    }

    public override void Abort(ConnectionAbortedException abortReason) => _pipes.Abort();

    public override async ValueTask DisposeAsync()
    {
        await Transport.Input.CompleteAsync();
        await Transport.Output.CompleteAsync();
    }
}
