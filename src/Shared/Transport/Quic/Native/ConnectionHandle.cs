using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>
/// The events of a connection. They come on a worker of msquic, one at a time together with those of its streams; implementations must not
/// block.
/// </summary>
internal interface IConnectionEvents
{
    /// <summary>An event has come.</summary>
    /// <returns>A status of msquic, which only matters for the certificate's event.</returns>
    int OnConnectionEvent(ref ConnectionEvent e);

    /// <summary>An event's callback has thrown.</summary>
    void OnDefect(Exception exception);
}

/// <summary>A connection of msquic. It stays open until all of its streams are closed.</summary>
internal sealed unsafe class ConnectionHandle : NativeHandle
{
    // Without this msquic fills its PING packets up to the path's size, and with them the frames that share a packet with a PING: on a path
    // whose MTU has fallen they are all lost, among them the answer that validates a new path. This is enough for a stateless reset, which
    // only answers packets of more than 39 bytes.
    private const ushort KeepAlivePadding = 32;

    private readonly IConnectionEvents _events;

    private ConnectionHandle(MsQuic library, IConnectionEvents events)
        : base(library) => _events = events;

    /// <summary>Creates a client's connection, not yet started.</summary>
    public static ConnectionHandle Open(MsQuic library, IConnectionEvents events)
    {
        var result = new ConnectionHandle(library, events);
        nint opened;
        var status = library.Api.ConnectionOpen(
            library.Registration, (delegate* unmanaged[Cdecl]<nint, nint, ConnectionEvent*, int>)&OnEvent, result.Context, &opened);
        if (QuicStatus.Failed(status))
        {
            result.Abandon();
            throw new QuicException("a QUIC connection can't be opened", status);
        }

        result.Own(opened);
        return result;
    }

    /// <summary>Takes over a connection that a listener has indicated.</summary>
    public static ConnectionHandle Adopt(MsQuic library, IConnectionEvents events, nint opened)
    {
        var result = new ConnectionHandle(library, events);
        result.Own(opened);
        Tune(library.Api, opened);
        library.Api.SetCallbackHandler(opened, (delegate* unmanaged[Cdecl]<nint, nint, ConnectionEvent*, int>)&OnEvent, result.Context);
        return result;
    }

    /// <summary>Starts the handshake with an address.</summary>
    public int Start(ConfigurationHandle configuration, IPEndPoint address, string serverName)
    {
        Tune(Api, handle);
        var status = Api.SetParam(handle, Parameter.ConnectionRemoteAddress, NativeAddress.From(address));
        if (QuicStatus.Failed(status))
            return status;
        fixed (byte* name = Encoding.ASCII.GetBytes(serverName + "\0"))
        {
            // These are AF_INET and AF_INET6 of Linux.
            var family = (ushort)(address.AddressFamily == AddressFamily.InterNetworkV6 ? 10 : 2);
            return Api.ConnectionStart(handle, configuration.Value, family, name, (ushort)address.Port);
        }
    }

    private static void Tune(MsQuicApi api, nint connection)
    {
        api.SetParam(connection, Parameter.ConnectionStreamScheduling, Parameter.RoundRobin);
        api.SetParam(connection, Parameter.ConnectionKeepAlivePadding, KeepAlivePadding);
    }

    /// <summary>Starts to end the connection; its last event follows.</summary>
    /// <param name="code">The error code for the peer.</param>
    /// <param name="silent">True to tell the peer nothing.</param>
    public void Shutdown(ulong code, bool silent)
    {
        if (!TryUse())
            return;
        Api.ConnectionShutdown(handle, silent ? 1 : 0, code);
        DangerousRelease();
    }

    /// <summary>
    /// Changes the settings. Unless called from a callback of this connection it waits for a worker, so it must not be called with a lock
    /// held that callbacks take.
    /// </summary>
    public int Apply(NativeSettings settings)
    {
        if (!TryUse())
            return QuicStatus.AbortedByUser;
        var status = Api.SetParam(handle, Parameter.ConnectionSettings, settings);
        DangerousRelease();
        return status;
    }

    /// <summary>
    /// Moves a client's connection to another address of this machine. Waits as <see cref="Apply"/> does; where that is not possible
    /// nothing changes.
    /// </summary>
    public void UseLocalAddress(IPEndPoint address)
    {
        if (!TryUse())
            return;
        _ = Api.SetParam(handle, Parameter.ConnectionLocalAddress, NativeAddress.From(address));
        DangerousRelease();
    }

    /// <summary>Reads the figures. Waits as <see cref="Apply"/> does.</summary>
    public ConnectionStatistics? GetStatistics()
    {
        if (!TryUse())
            return null;
        var status = Api.GetParam<ConnectionStatistics>(handle, Parameter.ConnectionStatistics, out var statistics);
        DangerousRelease();
        return QuicStatus.Failed(status) ? null : statistics;
    }

    /// <summary>Queues a datagram. Its buffer is in use until msquic reports it as sent or canceled.</summary>
    public int SendDatagram(NativeBuffer* buffer, nint context)
    {
        if (!TryUse())
            return QuicStatus.AbortedByUser;
        var status = Api.DatagramSend(handle, buffer, 1, 0, context);
        DangerousRelease();
        return status;
    }

    /// <summary>Opens a stream for <see cref="StreamHandle"/>, which keeps the connection open from then on.</summary>
    internal int OpenStream(bool unidirectional, void* callback, nint context, out nint stream)
    {
        stream = 0;
        if (!TryUse())
            return QuicStatus.AbortedByUser;
        nint opened;
        var status = Api.StreamOpen(handle, unidirectional ? 1 : 0, callback, context, &opened);
        if (QuicStatus.Failed(status))
            DangerousRelease();
        else
            stream = opened;
        return status;
    }

    /// <summary>Keeps the connection open for a stream that the peer has opened, until the stream is closed.</summary>
    internal bool Keep() => TryUse();

    protected override void Close(nint opened) => Api.ConnectionClose(opened);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnEvent(nint connection, nint context, ConnectionEvent* e)
    {
        var self = (ConnectionHandle)FromContext(context);
        try
        {
            return self._events.OnConnectionEvent(ref *e);
        }
        catch (Exception exception)
        {
            // An exception that leaves a callback ends the process.
            self._events.OnDefect(exception);
            return QuicStatus.Success;
        }
    }
}
