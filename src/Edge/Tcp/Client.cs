using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>An accepted connection that has no stream yet: its socket, the port that it came through, and its client.</summary>
internal readonly struct Client
{
    private readonly IPEndPoint? _destination;

    private Client(Socket socket, PortConnections port, IPEndPoint? address, IPEndPoint? destination) =>
        (Socket, Port, Address, _destination) = (socket, port, address, destination);

    public Socket Socket { get; }

    public PortConnections Port { get; }

    /// <summary>
    /// The client's address and port: the other end of the connection, or the client that its PROXY header names; null when not known.
    /// </summary>
    public IPEndPoint? Address { get; }

    /// <summary>The client's address as a number, for lists and limits.</summary>
    public UInt128? Number => Address is null ? null : AddressNumber.Of(Address.Address);

    /// <summary>
    /// The prefix by which the client is counted where clients share something, see <see cref="AddressNumber.ClientPrefixOf"/>; 0 when its
    /// address is not known.
    /// </summary>
    public UInt128 Prefix => Number is { } number ? AddressNumber.ClientPrefixOf(number) : 0;

    /// <summary>Whether the client has reset its connection meanwhile.</summary>
    public bool IsGone => Socket.Poll(0, SelectMode.SelectError);

    /// <summary>Creates a client whose address is the socket's other end, because nobody in between has named another one.</summary>
    /// <exception cref="SocketException">The client is gone.</exception>
    public static Client Of(Socket socket, PortConnections port) => new(socket, port, ClientAddress.Normalise(socket.RemoteEndPoint), null);

    /// <summary>Returns the client that a balancer's header names. A header without addresses is the balancer's own health check.</summary>
    public Client NamedBy(in ProxyHeader header) => header is { Source: { } source, Destination: { } destination }
        ? new(Socket, Port, ClientAddress.Normalise(source), ClientAddress.Normalise(destination))
        : this;

    /// <summary>Returns what the hub is told about this client.</summary>
    /// <exception cref="SocketException">The client is gone.</exception>
    public StreamOpening ToOpening() => new(Address, _destination ?? ClientAddress.Normalise(Socket.LocalEndPoint), Port.Key.Number);

    /// <summary>Counts the client as turned away and resets it. Without the reset, the client would wait for its own time-out.</summary>
    public void Refuse(RefusalReason reason)
    {
        Port.Admission.CountRefusal(reason, Number);
        SocketReset.Now(Socket);
    }
}
