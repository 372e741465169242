using Tunnel.Edge.Admission;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Udp;

/// <summary>One client's flow at one UDP port.</summary>
internal sealed class UdpSession(SessionKey key, UdpPort port, AddressEntry? address, UdpSessions sessions) : SessionNode<UdpSession>(key), IDatagramSink
{
    private ITunnelSession? _tunnelSession;

    public UdpPort Port => port;

    /// <summary>What its port's limits know of its address.</summary>
    public AddressEntry? Address => address;

    /// <summary>False once the hub or the loss of the tunnel has ended it.</summary>
    public bool IsOpen => Volatile.Read(ref _tunnelSession) is { IsOpen: true };

    public void Attach(ITunnelSession session) => Volatile.Write(ref _tunnelSession, session);

    /// <summary>Sends a datagram of the client into the tunnel.</summary>
    public bool Send(ReadOnlySpan<byte> payload) => _tunnelSession!.Send(payload);

    /// <summary>Ends it and tells the hub.</summary>
    public void Close() => _tunnelSession?.Close();

    /// <summary>An answer: it goes to this session's client only, from the port and address that the client wrote to.</summary>
    void IDatagramSink.OnDatagram(ReadOnlySpan<byte> payload) => sessions.Answer(this, payload);

    void IDatagramSink.OnSessionClosed() => sessions.Forget(this);
}
