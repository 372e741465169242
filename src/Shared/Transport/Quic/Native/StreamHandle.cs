using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>
/// The events of a stream. They come on a worker of msquic, one at a time together with those of its connection; implementations must not
/// block.
/// </summary>
internal interface IStreamEvents
{
    /// <summary>An event has come.</summary>
    /// <returns>A status of msquic, which only matters for received bytes.</returns>
    int OnStreamEvent(ref StreamEvent e);

    /// <summary>An event's callback has thrown.</summary>
    void OnDefect(Exception exception);
}

/// <summary>A stream of msquic. It must be closed (disposed) after its last event and never before, unless it was not started.</summary>
internal sealed unsafe class StreamHandle : NativeHandle
{
    // These are msquic's QUIC_STREAM_SHUTDOWN_FLAG_*.
    private const int Graceful = 1;
    private const int AbortBoth = 6;

    // QUIC_SEND_FLAG_*
    private const int SendStart = 2;
    private const int SendFin = 4;

    private readonly ConnectionHandle _connection;
    private readonly IStreamEvents _events;

    private StreamHandle(MsQuic library, ConnectionHandle connection, IStreamEvents events)
        : base(library) => (_connection, _events) = (connection, events);

    /// <summary>Creates a stream of this side.</summary>
    /// <returns>Null when the connection has ended.</returns>
    public static StreamHandle? Open(MsQuic library, ConnectionHandle connection, IStreamEvents events, bool unidirectional)
    {
        var result = new StreamHandle(library, connection, events);
        var status = connection.OpenStream(
            unidirectional, (delegate* unmanaged[Cdecl]<nint, nint, StreamEvent*, int>)&OnEvent, result.Context, out var opened);
        if (QuicStatus.Failed(status))
        {
            result.Abandon();
            return null;
        }

        result.Own(opened);
        return result;
    }

    /// <summary>Takes over a stream that the peer has opened. Called from the connection's callback.</summary>
    public static StreamHandle Adopt(MsQuic library, ConnectionHandle connection, IStreamEvents events, nint opened)
    {
        var result = new StreamHandle(library, connection, events);
        connection.Keep();
        result.Own(opened);
        library.Api.SetCallbackHandler(opened, (delegate* unmanaged[Cdecl]<nint, nint, StreamEvent*, int>)&OnEvent, result.Context);
        return result;
    }

    /// <summary>Starts the stream, which gives it its id. Nothing is sent yet.</summary>
    public int Start()
    {
        if (!TryUse())
            return QuicStatus.AbortedByUser;
        var status = Api.StreamStart(handle, 0);
        DangerousRelease();
        return status;
    }

    /// <summary>Queues a buffer, which must not be empty and is in use until its completion.</summary>
    public int Send(NativeBuffer* buffer, nint context)
    {
        if (!TryUse())
            return QuicStatus.AbortedByUser;
        var status = Api.StreamSend(handle, buffer, 1, 0, context);
        DangerousRelease();
        return status;
    }

    /// <summary>Starts the stream and sends all bytes that it will ever carry, with FIN.</summary>
    public int SendWhole(NativeBuffer* buffer, nint context)
    {
        if (!TryUse())
            return QuicStatus.AbortedByUser;
        var status = Api.StreamSend(handle, buffer, 1, SendStart | SendFin, context);
        DangerousRelease();
        return status;
    }

    /// <summary>Sends FIN after all queued bytes.</summary>
    public void Finish() => Shutdown(Graceful, 0);

    /// <summary>Sends RESET_STREAM and STOP_SENDING with an error code.</summary>
    public void Abort(ulong code) => Shutdown(AbortBoth, code);

    /// <summary>Completes some or all of a pending receive; more than 0 bytes.</summary>
    /// <param name="length">The number of bytes from its beginning.</param>
    /// <param name="partly">True when msquic must indicate the rest again.</param>
    public void CompleteReceive(ulong length, bool partly)
    {
        if (!TryUse())
            return;
        Api.StreamReceiveComplete(handle, length);
        if (partly)
            Api.StreamReceiveSetEnabled(handle, 1);
        DangerousRelease();
    }

    /// <summary>Reads the id; null when it is not known. Only for callbacks of this connection, where it does not wait.</summary>
    public ulong? GetId()
    {
        if (!TryUse())
            return null;
        var status = Api.GetParam<ulong>(handle, Parameter.StreamId, out var id);
        DangerousRelease();
        return QuicStatus.Failed(status) ? null : id;
    }

    /// <summary>Sets the priority. Only for callbacks of this connection, where it does not wait.</summary>
    public void SetPriority(ushort priority)
    {
        if (!TryUse())
            return;
        Api.SetParam(handle, Parameter.StreamPriority, priority);
        DangerousRelease();
    }

    protected override void Close(nint opened)
    {
        Api.StreamClose(opened);
        _connection.DangerousRelease();
    }

    private void Shutdown(int flags, ulong code)
    {
        if (!TryUse())
            return;
        _ = Api.StreamShutdown(handle, flags, code);
        DangerousRelease();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnEvent(nint stream, nint context, StreamEvent* e)
    {
        var self = (StreamHandle)FromContext(context);
        try
        {
            return self._events.OnStreamEvent(ref *e);
        }
        catch (Exception exception)
        {
            // An exception that leaves a callback ends the process.
            self._events.OnDefect(exception);
            return QuicStatus.Success;
        }
    }
}
