using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Tcp;

/// <summary>
/// Gives each accepted client that its port's policy lets in to the newest tunnel, or refuses it at once with RST: a client that is told nothing would wait
/// for its own time-out.
/// </summary>
internal sealed class ClientHandover(
    ITunnelSource tunnels, TransportContext transport, DescriptorGuard descriptors, RefusalCounters refusals, IClientObserver observer, ILogger logger)
{
    private static readonly LingerOption Abort = new(true, 0);

    /// <summary>Decides whether there is one for a client.</summary>
    public DescriptorGuard Descriptors => descriptors;

    /// <summary>Takes over <paramref name="socket"/>. Never throws: the accept loop must survive whatever one client does.</summary>
    public void Take(Socket socket, PortConnections port)
    {
        try
        {
            IPEndPoint? peer = ClientAddress.Normalise(socket.RemoteEndPoint);
            if (descriptors.IsOver(socket.Handle, DescriptorUse.Client))
                RefuseForDescriptors(socket, port, peer);
            else if (transport.TcpMemory.RefusesStreams)
                Refuse(socket, port, RefusalReason.TcpMemory, peer);
            else if (tunnels.Current is null)
                Refuse(socket, port, RefusalReason.NoTunnel, peer);
            else if (port.Admission.Policy is { AcceptProxyProtocol: true } policy)
                TakeProxied(socket, port, peer, trusted: peer is not null && policy.TrustedProxies?.Contains(peer.Address) == true);
            else
                Admit(socket, port, peer, ClientAddress.Normalise(socket.LocalEndPoint));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client was gone before its addresses could be read.
            socket.Dispose();
        }
    }

    /// <summary>No client could be accepted, for want of a descriptor.</summary>
    public void OnDescriptorsGone() => refusals.Count(RefusalReason.DescriptorsGone);

    private void TakeProxied(Socket socket, PortConnections port, IPEndPoint? proxy, bool trusted)
    {
        if (!trusted)
            Refuse(socket, port, RefusalReason.ProxyNotTrusted, proxy);
        else if (!port.TryWait())
            Refuse(socket, port, RefusalReason.ProxyHeadersPending, proxy);
        else
            _ = WaitForHeaderAsync(socket, port, proxy);
    }

    private async Task WaitForHeaderAsync(Socket socket, PortConnections port, IPEndPoint? proxy)
    {
        try
        {
            socket.Blocking = false;
            (ProxyHeader header, RefusalReason? refusal) = await InboundHeaderReader.ReadAsync(socket, transport.Time);
            if (refusal is { } reason)
                Refuse(socket, port, reason, proxy);
            else if (header is { Source: { } source, Destination: { } destination })
                Admit(socket, port, ClientAddress.Normalise(source), ClientAddress.Normalise(destination));
            else
                // LOCAL or UNKNOWN: a health check of the balancer's own.
                Admit(socket, port, proxy, ClientAddress.Normalise(socket.LocalEndPoint));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
        }
        finally
        {
            port.EndWait();
        }
    }

    private void Admit(Socket socket, PortConnections port, IPEndPoint? client, IPEndPoint? destination)
    {
        if (tunnels.Current is not { } tunnel)
            Refuse(socket, port, RefusalReason.NoTunnel, client);
        else if (port.Admission.TryEnter(NumberOf(client), out AddressEntry? address) is { } refusal)
            Refuse(socket, port, refusal, client);
        else
            Open(socket, port, port.Add(client, address), new StreamOpening(client, destination, port.Port.Port), tunnel);
    }

    private void Open(Socket socket, PortConnections port, ClientConnection connection, in StreamOpening opening, ITunnel tunnel)
    {
        socket.Blocking = false;
        if (tunnel.OpenStream(opening, CreateEndpoint(socket, port.Admission.Policy), connection) is not { } stream)
        {
            port.Remove(connection);
            Refuse(socket, port, RefusalReason.TunnelTakesNone, opening.Source);
            return;
        }

        observer.OnClientConnected(port.Port, opening.Source);
        connection.SetStream(stream);
    }

    private ILocalEndpoint CreateEndpoint(Socket socket, EdgePortPolicy policy)
    {
        var endpoint = new SocketEndpoint(socket, transport);
        return policy.UploadRate is { } rate ? new RateLimitedEndpoint(endpoint, rate, transport) : endpoint;
    }

    private void RefuseForDescriptors(Socket socket, PortConnections port, IPEndPoint? client)
    {
        long open = socket.Handle;
        Refuse(socket, port, RefusalReason.DescriptorLimit, client);
        logger.DescriptorsShort(open, descriptors.Limit, refusals[RefusalReason.DescriptorLimit]);
    }

    private void Refuse(Socket socket, PortConnections port, RefusalReason reason, IPEndPoint? client)
    {
        port.Admission.CountRefusal(reason, NumberOf(client));
        if (logger.IsEnabled(LogLevel.Debug))
            logger.ClientRefused(client, port.Port, reason);
        socket.LingerState = Abort;
        socket.Dispose();
    }

    private static UInt128? NumberOf(IPEndPoint? client) => client is null ? null : AddressNumber.Of(client.Address);
}
