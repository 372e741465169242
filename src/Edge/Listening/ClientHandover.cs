using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Listening;

/// <summary>Gives each accepted client to the newest tunnel, or refuses it at once with RST: a client that is told nothing would wait for its own time-out.</summary>
internal sealed class ClientHandover(
    ITunnelSource tunnels, TransportContext transport, DescriptorGuard descriptors, RefusalCounters refusals, IClientObserver observer, ILogger logger)
{
    private static readonly LingerOption Abort = new(true, 0);

    private readonly LogThrottle _warnings = new(transport.Time);

    /// <summary>Takes over <paramref name="socket"/>. Never throws: the accept loop must survive whatever one client does.</summary>
    public void Take(Socket socket, PortConnections port)
    {
        try
        {
            if (descriptors.IsOver(socket))
                RefuseForDescriptors(socket, port.Port);
            else if (tunnels.Current is not { } tunnel)
                Refuse(socket, port.Port, RefusalReason.NoTunnel);
            else
                Open(socket, port, tunnel);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client was gone before its addresses could be read.
            socket.Dispose();
        }
    }

    /// <summary>No client could be accepted, for want of a descriptor.</summary>
    public void OnDescriptorsGone()
    {
        refusals.Count(RefusalReason.DescriptorsGone);
        descriptors.OnShortage();
    }

    private void Open(Socket socket, PortConnections port, ITunnel tunnel)
    {
        socket.Blocking = false;
        IPEndPoint? client = ClientAddress.Normalise(socket.RemoteEndPoint);
        var opening = new StreamOpening(client, ClientAddress.Normalise(socket.LocalEndPoint), port.Port.Port);
        ClientConnection connection = port.Add(client);
        if (tunnel.OpenStream(opening, new SocketEndpoint(socket, transport), connection) is not { } stream)
        {
            port.Remove(connection);
            Refuse(socket, port.Port, RefusalReason.TunnelTakesNone);
            return;
        }

        observer.OnClientConnected(port.Port, client);
        connection.SetStream(stream);
    }

    private void RefuseForDescriptors(Socket socket, PortKey port)
    {
        long open = socket.Handle;
        Refuse(socket, port, RefusalReason.DescriptorLimit);
        if (_warnings.TryEnter())
            logger.DescriptorsShort(open, descriptors.Limit, refusals[RefusalReason.DescriptorLimit]);
    }

    private void Refuse(Socket socket, PortKey port, RefusalReason reason)
    {
        refusals.Count(reason);
        if (logger.IsEnabled(LogLevel.Debug))
            logger.ClientRefused(socket.RemoteEndPoint, port, reason);
        socket.LingerState = Abort;
        socket.Dispose();
    }
}
