using System.Net;
using Tunnel.Edge.Admission;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>An accepted client from its admission to the end of its stream, as a node of its port's list.</summary>
internal sealed class ClientConnection(PortConnections port, IPEndPoint? client, AddressEntry? address) : IStreamObserver
{
    private ITunnelStream? _stream;
    private volatile object? _abandoned;

    internal ClientConnection? Previous { get; set; }

    internal ClientConnection? Next { get; set; }

    internal IPEndPoint? Client => client;

    /// <summary>The entry of its address in its port's limits; null when there is none.</summary>
    internal AddressEntry? Address => address;

    /// <summary>Its stream; null before it has one.</summary>
    internal ITunnelStream? Stream => Volatile.Read(ref _stream);

    /// <summary>Whether it was ended by <see cref="Reset"/>, before it had a stream or after.</summary>
    internal bool IsAbandoned => _abandoned is not null;

    /// <summary>Gives the connection its stream, which may have ended already.</summary>
    public void SetStream(ITunnelStream stream)
    {
        Volatile.Write(ref _stream, stream);
        // Reset may have been called first, when there was no stream.
        if (_abandoned is ResetReason reason)
            stream.Reset(reason);
    }

    /// <summary>Ends the stream because the drain time of its port has passed or its client is blocked.</summary>
    public void Reset(ResetReason reason)
    {
        _abandoned = reason;
        Volatile.Read(ref _stream)?.Reset(reason);
    }

    void IStreamObserver.OnStreamClosed(ITunnelStream stream, in StreamEnd end) => port.OnClosed(this, stream, end);
}
