using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>
/// Where UDP upstreams are. UDP tells only by refusing a datagram that nobody listens at an address: those that did so lately come last, so
/// that each new client does not lose its first datagram to learn the same.
/// </summary>
internal sealed class UpstreamTargets(TargetResolver resolver, DescriptorGuard descriptors, TimeProvider time)
{
    // Names come from the operator's policies, so this is a bound against accidents.
    private const int Capacity = 4096;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(IPAddress Address, int Port), long> _refused = new();

    /// <inheritdoc cref="TargetResolver.TryResolve"/>
    public bool TryResolve(string host, out IPAddress[] addresses) => resolver.TryResolve(host, out addresses);

    /// <inheritdoc cref="TargetResolver.ResolveAsync"/>
    public Task<IPAddress[]> ResolveAsync(string host) => resolver.ResolveAsync(host);

    /// <summary>An ICMP message says that nobody listens there, or that there is no way.</summary>
    public void NoteRefused(IPAddress address, int port)
    {
        if (_refused.Count >= Capacity)
            _refused.Clear();
        _refused[(address, port)] = time.GetTimestamp();
    }

    /// <summary>Connects a socket to the best of a name's addresses that can be had.</summary>
    /// <param name="addresses">At least one.</param>
    /// <param name="port">The upstream's port.</param>
    /// <param name="replies">Who gets what comes.</param>
    /// <param name="socket">The socket; null on failure.</param>
    /// <param name="failure">Why there is none.</param>
    /// <returns>Which address it has.</returns>
    public IPAddress? Open(
        IPAddress[] addresses, int port, IDatagramReplies replies, out ConnectedDatagrams? socket, out SessionFailure failure)
    {
        failure = SessionFailure.Unreachable;
        socket = null;
        foreach (var address in Order(addresses, port))
        {
            switch (ConnectedDatagrams.TryOpen(new IPEndPoint(address, port), replies, descriptors, out socket))
            {
                case SocketError.Success:
                    return address;
                case SocketError.TooManyOpenSockets:
                    failure = SessionFailure.DescriptorLimit;
                    return null;
                default:
                    NoteRefused(address, port);
                    break;
            }
        }

        return null;
    }

    /// <summary>
    /// Those that have not refused, of these IPv4 ones first ("localhost" and its like have both, and most services take IPv4), then by the
    /// age of the refusal.
    /// </summary>
    public IEnumerable<IPAddress> Order(IPAddress[] addresses, int port) => addresses.Length == 1
        ? addresses
        : addresses.OrderBy(address => RefusedAt(address, port)).ThenBy(address => address.AddressFamily != AddressFamily.InterNetwork);

    private long RefusedAt(IPAddress address, int port) =>
        _refused.TryGetValue((address, port), out var at) && time.GetElapsedTime(at) < Memory ? at : long.MinValue;
}
