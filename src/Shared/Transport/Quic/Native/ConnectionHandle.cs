using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>What a connection tells: on a worker of msquic, one call at a time with those of its streams, must not block.</summary>
internal interface IConnectionEvents
{
    /// <summary>Something happened.</summary>
    /// <returns>A status; only the certificate's is heeded.</returns>
    int OnConnectionEvent(ref ConnectionEvent e);

    /// <summary>A callback has thrown.</summary>
    void OnDefect(Exception exception);
}

/// <summary>A connection. It stays open until all of its streams are closed.</summary>
internal sealed unsafe class ConnectionHandle : NativeHandle
{
    // Without this msquic fills its PING packets up to the path's size, and what shares them with a PING too: on a path that has become
    // narrower they are all lost, the answer that makes a new path valid among them. Enough for a stateless reset, which answers packets of
    // more than 39 bytes only.
    private const ushort KeepAlivePadding = 32;

    private readonly IConnectionEvents _events;

    private ConnectionHandle(MsQuic library, IConnectionEvents events)
        : base(library) => _events = events;

    /// <summary>A client's connection, not yet started.</summary>
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

    /// <summary>A connection that a listener has indicated.</summary>
    public static ConnectionHandle Adopt(MsQuic library, IConnectionEvents events, nint opened)
    {
        var result = new ConnectionHandle(library, events);
        result.Own(opened);
        Tune(library.Api, opened);
        library.Api.SetCallbackHandler(opened, (delegate* unmanaged[Cdecl]<nint, nint, ConnectionEvent*, int>)&OnEvent, result.Context);
        return result;
    }

    /// <summary>Begins the handshake with an address.</summary>
    public int Start(ConfigurationHandle configuration, IPEndPoint address, string serverName)
    {
        Tune(Api, handle);
        var status = Api.SetParam(handle, Parameter.ConnectionRemoteAddress, NativeAddress.From(address));
        if (QuicStatus.Failed(status))
            return status;
        fixed (byte* name = Encoding.ASCII.GetBytes(serverName + "\0"))
        {
            // AF_INET and AF_INET6 of Linux
            var family = (ushort)(address.AddressFamily == AddressFamily.InterNetworkV6 ? 10 : 2);
            return Api.ConnectionStart(handle, configuration.Value, family, name, (ushort)address.Port);
        }
    }

    private static void Tune(MsQuicApi api, nint connection)
    {
        api.SetParam(connection, Parameter.ConnectionStreamScheduling, Parameter.RoundRobin);
        api.SetParam(connection, Parameter.ConnectionKeepAlivePadding, KeepAlivePadding);
    }

    /// <summary>Begins to end it; its last event follows.</summary>
    /// <param name="code">For the peer.</param>
    /// <param name="silent">Says nothing to the peer.</param>
    public void Shutdown(ulong code, bool silent)
    {
        if (!TryUse())
            return;
        Api.ConnectionShutdown(handle, silent ? 1 : 0, code);
        DangerousRelease();
    }

    /// <summary>
    /// Waits for a worker when not called from a callback of this connection: not while holding a lock that callbacks take.
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
    /// Moves a client's connection to another address of this machine. Waits as <see cref="Apply"/> does; where it can't be done nothing
    /// changes.
    /// </summary>
    public void UseLocalAddress(IPEndPoint address)
    {
        if (!TryUse())
            return;
        _ = Api.SetParam(handle, Parameter.ConnectionLocalAddress, NativeAddress.From(address));
        DangerousRelease();
    }

    /// <summary>Only from a callback of this connection, where it does not wait.</summary>
    public ConnectionStatistics? GetStatistics()
    {
        if (!TryUse())
            return null;
        var status = Api.GetParam<ConnectionStatistics>(handle, Parameter.ConnectionStatistics, out var statistics);
        DangerousRelease();
        return QuicStatus.Failed(status) ? null : statistics;
    }

    /// <summary>Queues a datagram. Its buffer is in use until its state is told.</summary>
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

    /// <summary>Keeps it open for a stream that the peer has opened, until the stream is closed.</summary>
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
