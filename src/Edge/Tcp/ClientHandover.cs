using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Tcp;

/// <summary>
/// Gives each accepted client that its port's policy lets in to the newest tunnel, or refuses it at once with RST.
/// </summary>
internal sealed class ClientHandover(
    ITunnelSource tunnels, TransportContext transport, DescriptorGuard descriptors, RefusalCounters refusals, IClientObserver observer, ILogger logger)
{
    /// <summary>Decides whether there is one for a client.</summary>
    public DescriptorGuard Descriptors => descriptors;

    /// <summary>Takes over <paramref name="socket"/>. Never throws: the accept loop must survive whatever one client does.</summary>
    public void Take(Socket socket, PortConnections port)
    {
        try
        {
            Take(Client.Of(socket, port));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client was gone before its addresses could be read.
            socket.Dispose();
        }
    }

    /// <summary>No client could be accepted, for want of a descriptor.</summary>
    public void OnDescriptorsGone() => refusals.Count(RefusalReason.DescriptorsGone);

    private void Take(in Client client)
    {
        if (descriptors.IsOver(client.Socket.Handle, DescriptorUse.Client))
            RefuseForDescriptors(client);
        else if (transport.TcpMemory.RefusesStreams)
            Refuse(client, RefusalReason.TcpMemory);
        else if (tunnels.Current is null)
            Refuse(client, RefusalReason.NoTunnel);
        else if (client.Port.Admission.Policy is { AcceptProxyProtocol: true } policy)
            TakeProxied(client, trusted: client.Address is { } proxy && policy.TrustedProxies?.Contains(proxy.Address) == true);
        else
            Admit(client);
    }

    private void TakeProxied(in Client client, bool trusted)
    {
        if (!trusted)
            Refuse(client, RefusalReason.ProxyNotTrusted);
        else if (!client.Port.TryWait())
            Refuse(client, RefusalReason.ProxyHeadersPending);
        else
            _ = WaitForHeaderAsync(client);
    }

    private async Task WaitForHeaderAsync(Client client)
    {
        try
        {
            client.Socket.Blocking = false;
            (var header, var refusal) = await InboundHeaderReader.ReadAsync(client.Socket, transport.Time);
            if (refusal is { } reason)
                Refuse(client, reason);
            else
                Admit(client.NamedBy(header));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            client.Socket.Dispose();
        }
        catch (Exception e)
        {
            // Nobody awaits this: without a word the client would be lost unseen.
            TcpLog.ClientFaulted(logger, client.Address, client.Port.Key, e);
            client.Socket.Dispose();
        }
        finally
        {
            client.Port.EndWait();
        }
    }

    private void Admit(in Client client)
    {
        // Before it is counted in: whoever is gone by now must not stay counted.
        var opening = client.ToOpening();
        if (tunnels.Current is not { } tunnel)
            Refuse(client, RefusalReason.NoTunnel);
        else if (client.Port.Admission.TryEnter(client.Number, out var address) is { } refusal)
            Refuse(client, refusal);
        else
            Open(client, opening, client.Port.Add(client.Address, address), tunnel);
    }

    private void Open(in Client client, in StreamOpening opening, ClientConnection connection, ITunnel tunnel)
    {
        client.Socket.Blocking = false;
        if (tunnel.OpenStream(opening, CreateEndpoint(client.Socket, client.Port.Admission.Policy), connection) is not { } stream)
        {
            client.Port.Remove(connection);
            Refuse(client, RefusalReason.TunnelTakesNone);
            return;
        }

        observer.OnClientConnected(client.Port.Key, client.Address);
        connection.SetStream(stream);
    }

    private ILocalEndpoint CreateEndpoint(Socket socket, EdgePortPolicy policy)
    {
        var endpoint = new SocketEndpoint(socket, transport);
        return policy.UploadRate is { } rate ? new RateLimitedEndpoint(endpoint, rate, transport) : endpoint;
    }

    private void RefuseForDescriptors(in Client client)
    {
        long open = client.Socket.Handle;
        Refuse(client, RefusalReason.DescriptorLimit);
        TcpLog.DescriptorsShort(logger, open, descriptors.Limit, refusals[RefusalReason.DescriptorLimit]);
    }

    private void Refuse(in Client client, RefusalReason reason)
    {
        if (logger.IsEnabled(LogLevel.Debug))
            TcpLog.ClientRefused(logger, client.Address, client.Port.Key, reason);
        client.Refuse(reason);
    }
}
