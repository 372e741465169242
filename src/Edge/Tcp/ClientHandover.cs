using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Tcp;

/// <summary>
/// Gives each accepted client that its port's policy lets in to the newest tunnel, in its turn, or refuses it with RST.
/// </summary>
internal sealed class ClientHandover
{
    private readonly ITunnelSource _tunnels;
    private readonly TransportContext _transport;
    private readonly RefusalCounters _refusals;
    private readonly IClientObserver _observer;
    private readonly ILogger _logger;
    private readonly ClientTurns _turns;

    public ClientHandover(
        ITunnelSource tunnels, TransportContext transport, HoldLimits hold, DescriptorGuard descriptors, RefusalCounters refusals,
        IClientObserver observer, ILogger logger)
    {
        (_tunnels, _transport, Descriptors, _refusals, _observer, _logger) = (tunnels, transport, descriptors, refusals, observer, logger);
        _turns = new ClientTurns(tunnels, hold, TryOpen, TurnAway, transport.Time, logger);
    }

    /// <summary>Decides whether there is a descriptor for a client.</summary>
    public DescriptorGuard Descriptors { get; }

    /// <summary>How many clients were let in and wait for a tunnel, or until it has room.</summary>
    public int Waiting => _turns.Count;

    /// <summary>From now on nobody waits for a tunnel, because the edge stops.</summary>
    public void Stop() => _turns.Stop();

    /// <summary>
    /// Takes over <paramref name="socket"/>. Never throws, because the accept loop must survive whatever one client does.
    /// </summary>
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
        catch (Exception e)
        {
            Defects.Note("taking a client", e);
            socket.Dispose();
        }
    }

    /// <summary>Counts that no client could be accepted because no descriptor was left.</summary>
    public void OnDescriptorsGone() => _refusals.Count(RefusalReason.DescriptorsGone);

    private void Take(in Client client)
    {
        if (Descriptors.IsOver(client.Socket.Handle, DescriptorUse.Client))
            RefuseForDescriptors(client);
        else if (_transport.TcpMemory.RefusesStreams)
            Refuse(client, RefusalReason.TcpMemory);
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
            WaitForHeaderAsync(client).Guard("waiting for a PROXY header");
    }

    private async Task WaitForHeaderAsync(Client client)
    {
        try
        {
            client.Socket.Blocking = false;
            (var header, var refusal) = await InboundHeaderReader.ReadAsync(client.Socket, _transport.Time);
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
            // Nobody awaits this task, so without the log line the client would be lost unnoticed.
            TcpLog.ClientFaulted(_logger, client.Address, client.Port.Key, e);
            client.Socket.Dispose();
        }
        finally
        {
            client.Port.EndWait();
        }
    }

    private void Admit(in Client client)
    {
        // The addresses are read before the client is counted in, because a client that is already gone must not stay counted.
        var opening = client.ToOpening();
        if (client.Port.Admission.TryEnter(client.Number, out var address) is { } refusal)
            Refuse(client, refusal);
        else
            _turns.Take(new WaitingClient(client, opening, client.Port.Add(client.Address, address), _transport.Time.GetTimestamp()));
    }

    private bool TryOpen(ITunnel tunnel, WaitingClient waiting)
    {
        var (client, opening, connection, _) = waiting;
        client.Socket.Blocking = false;
        if (tunnel.OpenStream(opening, CreateEndpoint(client.Socket, client.Port.Admission.Policy), connection) is not { } stream)
            return false;
        _observer.OnClientConnected(client.Port.Key, client.Address);
        connection.SetStream(stream);
        if (_logger.IsEnabled(LogLevel.Debug))
            TcpLog.ClientTaken(_logger, client.Address, client.Port.Key, _tunnels.KeyOf(tunnel).Connection(stream.Id, udp: false));
        return true;
    }

    private void TurnAway(WaitingClient waiting, RefusalReason? reason)
    {
        waiting.Client.Port.Remove(waiting.Connection);
        if (reason is { } why)
            Refuse(waiting.Client, why);
        else
            SocketReset.Now(waiting.Client.Socket);
    }

    private ILocalEndpoint CreateEndpoint(Socket socket, EdgePortPolicy policy)
    {
        var endpoint = new SocketEndpoint(socket, _transport);
        return policy.UploadRate is { } rate ? new RateLimitedEndpoint(endpoint, rate, _transport) : endpoint;
    }

    private void RefuseForDescriptors(in Client client)
    {
        long open = client.Socket.Handle;
        Refuse(client, RefusalReason.DescriptorLimit);
        TcpLog.DescriptorsShort(_logger, open, Descriptors.Limit, _refusals[RefusalReason.DescriptorLimit]);
    }

    private void Refuse(in Client client, RefusalReason reason)
    {
        if (_logger.IsEnabled(LogLevel.Debug))
            TcpLog.ClientRefused(_logger, client.Address, client.Port.Key, reason);
        client.Refuse(reason);
    }
}
