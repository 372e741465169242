using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>
/// A handle of msquic. The reference count of <see cref="SafeHandle"/> keeps it open while a call on it is under way on another thread.
/// msquic passes its GCHandle to the callbacks; it is freed after the close, after which no callback comes.
/// </summary>
internal abstract class NativeHandle : SafeHandle
{
    private static int _live;
    private GCHandle _self;

    protected NativeHandle(MsQuic library)
        : base(0, ownsHandle: true)
    {
        Library = library;
        _self = GCHandle.Alloc(this);
    }

    /// <summary>The number of handles that are open in this process.</summary>
    public static int Live => Volatile.Read(ref _live);

    public sealed override bool IsInvalid => handle == 0;

    protected MsQuic Library { get; }

    protected MsQuicApi Api => Library.Api;

    /// <summary>The context that msquic passes to the callbacks.</summary>
    protected nint Context => GCHandle.ToIntPtr(_self);

    protected static NativeHandle FromContext(nint context) => (NativeHandle)GCHandle.FromIntPtr(context).Target!;

    /// <summary>Takes ownership of a native handle.</summary>
    protected void Own(nint opened)
    {
        Interlocked.Increment(ref _live);
        SetHandle(opened);
    }

    /// <summary>Notes that the open failed, so that there is nothing to close.</summary>
    protected void Abandon()
    {
        _self.Free();
        SetHandleAsInvalid();
    }

    protected sealed override bool ReleaseHandle()
    {
        Close(handle);
        _self.Free();
        Interlocked.Decrement(ref _live);
        return true;
    }

    protected abstract void Close(nint opened);

    /// <summary>Keeps the handle open until <see cref="SafeHandle.DangerousRelease"/>.</summary>
    /// <returns>False when the handle is closed.</returns>
    protected bool TryUse()
    {
        if (IsClosed || IsInvalid)
            return false;
        try
        {
            var used = false;
            DangerousAddRef(ref used);
            return used;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
