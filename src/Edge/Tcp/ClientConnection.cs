using System.Net;
using Tunnel.Edge.Admission;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>One accepted client while its stream lives, as a node of its port's list.</summary>
internal sealed class ClientConnection(PortConnections port, IPEndPoint? client, AddressEntry? address) : IStreamObserver
{
    private ITunnelStream? _stream;
    private volatile object? _abandoned;

    internal ClientConnection? Previous { get; set; }

    internal ClientConnection? Next { get; set; }

    internal IPEndPoint? Client => client;

    /// <summary>What its port's limits know of its address.</summary>
    internal AddressEntry? Address => address;

    /// <summary>Its stream, once it has one.</summary>
    internal ITunnelStream? Stream => Volatile.Read(ref _stream);

    /// <summary>It was ended before it had a stream, or after.</summary>
    internal bool IsAbandoned => _abandoned is not null;

    /// <summary>Tells the connection its stream, which may be over already.</summary>
    public void SetStream(ITunnelStream stream)
    {
        Volatile.Write(ref _stream, stream);
        // Reset() may have come first and found no stream.
        if (_abandoned is ResetReason reason)
            stream.Reset(reason);
    }

    /// <summary>Ends the stream because its port's time is over, or its client is blocked.</summary>
    public void Reset(ResetReason reason)
    {
        _abandoned = reason;
        Volatile.Read(ref _stream)?.Reset(reason);
    }

    void IStreamObserver.OnStreamClosed(ITunnelStream stream, in StreamEnd end) => port.OnClosed(this, stream, end);
}
