using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Forwarding.Securing;

/// <summary>
/// Keeps what ports need for TLS, once for all ports with the same settings, and looks at its files. Any thread may use it.
/// </summary>
/// <typeparam name="TWritten">What the operator wrote, compared by value.</typeparam>
/// <typeparam name="TTls">What is kept for it.</typeparam>
internal abstract class PortTls<TWritten, TTls> : IDisposable
    where TWritten : class
    where TTls : class, IWatchedTls
{
    private readonly ConcurrentDictionary<TWritten, Lazy<IWatchedTls>> _all = new();
    private readonly PortUsers<TWritten> _users = new();
    private readonly Lock _lock = new();
    private readonly ITimer _timer;

    protected PortTls(TimeProvider time) =>
        _timer = time.CreateGuardedTimer(static self => self.Look(), this, ContentWatch.Interval, ContentWatch.Interval);

    /// <summary>The certificates in use, each with its path; several ports may have the same.</summary>
    public IEnumerable<(string Path, PortCertificate Certificate)> Certificates =>
        _all.Values.SelectMany(static one => one.Value.Describe()).Where(static file => file.Certificate is not null)
            .DistinctBy(static file => file.Path).Select(static file => (file.Path, file.Certificate!));

    /// <summary>Returns what a port needs; it is made at the first call.</summary>
    /// <param name="written">What the operator wrote.</param>
    public TTls Of(TWritten written) =>
        (TTls)_all.GetOrAdd(written, static (written, self) => new Lazy<IWatchedTls>(() => self.Open(written)), this).Value;

    /// <summary>Loads what the ports of an edge need, before the first client comes, and forgets what no port needs any more.</summary>
    /// <param name="edgeId">The id of the edge.</param>
    /// <param name="edge">The edge; null when it is no longer allowed.</param>
    public void Apply(string edgeId, AllowedEdge? edge)
    {
        var wanted = (
            from port in edge is { Enabled: true } ? edge.TcpPorts : []
            let written = Wanted(edge!.PolicyFor(false, port))
            where written is not null
            select (Written: written, Port: port)).ToLookup(static used => used.Written, static used => used.Port);
        lock (_lock)
        {
            if (!_users.Note(edgeId, wanted))
                return;
            foreach (var ports in wanted)
                Of(ports.Key);
            foreach (var written in _all.Keys.Where(written => !_users.IsUsed(written)))
                _all.TryRemove(written, out _);
        }
    }

    /// <summary>Returns what each edge's ports need, with the ports.</summary>
    public ImmutableArray<(string EdgeId, ImmutableArray<int> Ports, TTls Tls)> Describe()
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

    /// <summary>Returns what a port wants; null: nothing.</summary>
    protected abstract TWritten? Wanted(PortPolicy policy);

    /// <summary>Makes what is wanted.</summary>
    protected abstract TTls Open(TWritten written);

    private void Look()
    {
        // A look that takes longer than the interval must not pile up.
        if (!_lock.TryEnter())
            return;
        try
        {
            foreach (var one in _all.Values)
                one.Value.Look();
        }
        finally
        {
            _lock.Exit();
        }
    }
}

/// <summary>TLS that depends on files.</summary>
internal interface IWatchedTls
{
    /// <summary>Looks whether the files have changed. One caller at a time.</summary>
    void Look();

    /// <summary>Describes the certificates, and files with authorities that can't be used.</summary>
    IEnumerable<TlsFileState> Describe();
}
