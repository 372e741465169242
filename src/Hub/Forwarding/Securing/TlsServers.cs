using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>The TLS servers of all ports at which TLS ends. Any thread may use it.</summary>
internal sealed class TlsServers : IDisposable
{
    private readonly ConcurrentDictionary<TlsDefinition, Lazy<TlsServer>> _servers = new();
    private readonly PortUsers<TlsDefinition> _users = new();
    private readonly Lock _lock = new();
    private readonly TlsReports _reports;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    public TlsServers(TlsReports reports, TimeProvider time)
    {
        (_reports, _time) = (reports, time);
        _timer = time.CreateGuardedTimer(static self => self.Look(), this, ContentWatch.Interval, ContentWatch.Interval);
    }

    /// <summary>The certificates in use, each with its path; several ports may have the same.</summary>
    public IEnumerable<(string Path, PortCertificate Certificate)> Certificates =>
        _servers.Values.SelectMany(static server => server.Value.Certificates).DistinctBy(static used => used.Path);

    /// <summary>Returns the server of a port; it is made at the first call.</summary>
    /// <param name="tls">What the operator wrote, with certificates.</param>
    public TlsServer Of(TlsDefinition tls) =>
        _servers.GetOrAdd(tls, static (tls, self) => new Lazy<TlsServer>(() => new TlsServer(tls, self._reports, self._time)), this).Value;

    /// <summary>Loads what the ports of an edge need, before the first client comes, and forgets what no port needs any more.</summary>
    /// <param name="edgeId">The id of the edge.</param>
    /// <param name="edge">The edge; null when it is no longer allowed.</param>
    public void Apply(string edgeId, AllowedEdge? edge)
    {
        var wanted = edge is { Enabled: true }
            ? edge.TcpPorts.Where(port => edge.PolicyFor(false, port).Tls is { Terminates: true })
                .ToLookup(port => edge.PolicyFor(false, port).Tls!)
            : Enumerable.Empty<int>().ToLookup(static _ => new TlsDefinition());
        lock (_lock)
        {
            if (!_users.Note(edgeId, wanted))
                return;
            foreach (var ports in wanted)
                Of(ports.Key);
            foreach (var tls in _servers.Keys.Where(tls => !_users.IsUsed(tls)))
                _servers.TryRemove(tls, out _);
        }
    }

    /// <summary>Returns the TLS servers of each edge's ports, with the ports.</summary>
    public ImmutableArray<(string EdgeId, ImmutableArray<int> Ports, TlsServer Server)> Describe()
    {
        lock (_lock)
        {
            return [
                .. from user in _users.List()
                   select (user.EdgeId, user.Ports, Of(user.Used))];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // A look that takes longer than the interval must not pile up.
        if (!_lock.TryEnter())
            return;
        try
        {
            foreach (var server in _servers.Values)
                server.Value.Look();
        }
        finally
        {
            _lock.Exit();
        }
    }
}
