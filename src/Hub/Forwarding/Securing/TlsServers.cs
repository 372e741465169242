using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>The TLS servers of all ports at which TLS ends. Any thread may use it.</summary>
internal sealed class TlsServers(TlsReports reports, TimeProvider time) : PortTls<TlsDefinition, TlsServer>(time)
{
    private readonly TimeProvider _time = time;

    /// <inheritdoc/>
    protected override TlsDefinition? Wanted(PortPolicy policy) => policy.Tls is { Terminates: true } tls ? tls : null;

    /// <inheritdoc/>
    protected override TlsServer Open(TlsDefinition written) => new(written, reports, _time);
}
