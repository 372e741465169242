using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>The events of a listener. They come on a worker of msquic; implementations must not block.</summary>
internal interface IListenerEvents
{
    /// <summary>
    /// A client begins a handshake. The implementation takes the handle over and returns success, or leaves it alone and returns a failure,
    /// which refuses the client.
    /// </summary>
    /// <returns>A status.</returns>
    int OnNewConnection(nint connection, IPEndPoint remote);

    /// <summary>An event's callback has thrown.</summary>
    void OnDefect(Exception exception);
}

/// <summary>A UDP port on which clients are accepted.</summary>
internal sealed unsafe class ListenerHandle : NativeHandle
{
    private readonly IListenerEvents _events;

    private ListenerHandle(MsQuic library, IListenerEvents events)
        : base(library) => _events = events;

    /// <summary>Opens a listener; nothing is accepted before <see cref="Start"/>.</summary>
    public static ListenerHandle Open(MsQuic library, IListenerEvents events)
    {
        var result = new ListenerHandle(library, events);
        nint opened;
        var status = library.Api.ListenerOpen(
            library.Registration, (delegate* unmanaged[Cdecl]<nint, nint, ListenerEvent*, int>)&OnEvent, result.Context, &opened);
        if (QuicStatus.Failed(status))
        {
            result.Abandon();
            throw new QuicException("a QUIC listener can't be opened", status);
        }

        result.Own(opened);
        return result;
    }

    /// <summary>Binds the port and accepts.</summary>
    /// <returns>The address that it is bound to.</returns>
    /// <exception cref="QuicException">The port is in use, or the address is not one of this machine.</exception>
    public IPEndPoint Start(IPEndPoint address)
    {
        fixed (byte* alpn = TunnelProtocol.AlpnBytes)
        {
            var protocol = new NativeBuffer { Data = alpn, Length = (uint)TunnelProtocol.AlpnBytes.Length };
            var native = NativeAddress.From(address);
            var status = Api.ListenerStart(handle, &protocol, 1, &native);
            if (QuicStatus.Failed(status))
                throw new QuicException($"UDP port {address.Port} of {address.Address} can't be bound", status);
        }

        _ = Api.GetParam<NativeAddress>(handle, Parameter.ListenerLocalAddress, out var bound);
        return bound.ToEndPoint();
    }

    // Closing first stops the listener and waits for callbacks under way.
    protected override void Close(nint opened) => Api.ListenerClose(opened);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnEvent(nint listener, nint context, ListenerEvent* e)
    {
        var self = (ListenerHandle)FromContext(context);
        try
        {
            return e->Type == ListenerEvent.NewConnection
                ? self._events.OnNewConnection(e->Connection, e->Info->RemoteAddress->ToEndPoint())
                : QuicStatus.Success;
        }
        catch (Exception exception)
        {
            // An exception that leaves a callback ends the process.
            self._events.OnDefect(exception);
            return QuicStatus.ConnectionRefused;
        }
    }
}
