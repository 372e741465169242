using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.Admin.Network;

/// <summary>
/// The tunnel port as a listener for Kestrel: the hub accepts, does TLS and hands over the connections that chose HTTP. Tunnels never
/// pass through here.
/// </summary>
internal sealed class TunnelPortHttp(ImmutableArray<IPNetwork> allowed, TimeProvider time)
    : IHttpConnections, IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionListener
{
    // Kestrel takes connections at once; a few wait while it starts.
    private const int Backlog = 64;

    private readonly Channel<ConnectionContext> _waiting = Channel.CreateBounded<ConnectionContext>(Backlog);

    public EndPoint EndPoint { get; } = new TunnelPortEndPoint();

    public bool IsOfferedTo(IPAddress remote) => AllowedAddresses.Contain(allowed, remote);

    public async Task ServeAsync(TlsConnection connection, IPEndPoint remote, StrangerPass pass)
    {
        var http = new TlsHttpConnection(connection, remote, pass, time);
        if (!_waiting.Writer.TryWrite(http))
            return;
        http.Start();
        await using var limit = pass.Limit.Register(
            () => http.Abort(new ConnectionAbortedException("It has not shown the key in time, or gave way to a newer connection.")));
        await http.Completion;
    }

    bool IConnectionListenerFactorySelector.CanBind(EndPoint endpoint) => endpoint == EndPoint;

    ValueTask<IConnectionListener> IConnectionListenerFactory.BindAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IConnectionListener>(this);

    async ValueTask<ConnectionContext?> IConnectionListener.AcceptAsync(CancellationToken cancellationToken) =>
        await _waiting.Reader.WaitToReadAsync(cancellationToken) && _waiting.Reader.TryRead(out var connection) ? connection : null;

    ValueTask IConnectionListener.UnbindAsync(CancellationToken cancellationToken)
    {
        _waiting.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    // Closes the connections that nobody took, so that whoever waits for their end can go on.
    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        while (_waiting.Reader.TryRead(out var connection))
        {
            connection.Abort();
            await connection.DisposeAsync();
        }
    }

    /// <summary>A placeholder that nothing binds to, since the port is already open.</summary>
    private sealed class TunnelPortEndPoint : EndPoint
    {
        public override string ToString() => "the tunnel port";
    }
}
