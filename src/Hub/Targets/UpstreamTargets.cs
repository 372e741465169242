using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Targets;

/// <summary>
/// Chooses among the addresses of UDP upstreams. The only sign in UDP that nobody listens at an address is a refused datagram. Addresses
/// that recently refused one come last, so that not every new client loses its first datagram to find that out again.
/// </summary>
internal sealed class UpstreamTargets(TargetResolver resolver, DescriptorGuard descriptors, TimeProvider time)
{
    // Names come from the operator's policies, so this limit only guards against accidents.
    private const int Capacity = 4096;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(IPAddress Address, int Port), long> _refused = new();

    /// <inheritdoc cref="TargetResolver.TryResolve"/>
    public bool TryResolve(string host, out IPAddress[] addresses) => resolver.TryResolve(host, out addresses);

    /// <inheritdoc cref="TargetResolver.ResolveAsync"/>
    public Task<IPAddress[]> ResolveAsync(string host) => resolver.ResolveAsync(host);

    /// <summary>Notes an ICMP message which says that nobody listens at the address, or that there is no route.</summary>
    public void NoteRefused(IPAddress address, int port)
    {
        if (_refused.Count >= Capacity)
            _refused.Clear();
        _refused[(address, port)] = time.GetTimestamp();
    }

    /// <summary>Connects a socket to the best of a name's addresses that works.</summary>
    /// <param name="addresses">The addresses, at least one.</param>
    /// <param name="port">The upstream's port.</param>
    /// <param name="replies">Receives the upstream's datagrams.</param>
    /// <param name="socket">The socket; null on failure.</param>
    /// <param name="failure">Why there is no socket.</param>
    /// <returns>The address that the socket is connected to; null on failure.</returns>
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
    /// Sorts addresses: first those that have not refused, then by the age of the refusal. Among equals IPv4 comes first ("localhost" and
    /// similar names have both, and most services listen on IPv4).
    /// </summary>
    public IEnumerable<IPAddress> Order(IPAddress[] addresses, int port) => addresses.Length == 1
        ? addresses
        : addresses.OrderBy(address => RefusedAt(address, port)).ThenBy(address => address.AddressFamily != AddressFamily.InterNetwork);

    private long RefusedAt(IPAddress address, int port) =>
        _refused.TryGetValue((address, port), out var at) && time.GetElapsedTime(at) < Memory ? at : long.MinValue;
}
