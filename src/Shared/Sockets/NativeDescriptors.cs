using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>Passes descriptors to other processes (SCM_RIGHTS of unix(7)), which .NET does not offer.</summary>
internal static unsafe partial class NativeDescriptors
{
    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int NoSignal = 0x4000;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;
    private const int Interrupted = 4;

    /// <summary>Sends bytes and a descriptor with them over a connected Unix socket. Waits while the receiver's queue is full.</summary>
    /// <returns>False when it can't be sent.</returns>
    public static bool Send(SafeSocketHandle socket, ReadOnlySpan<byte> data, SafeHandle descriptor)
    {
        var isHeld = false;
        try
        {
            // The number has to stay this descriptor's until the call has ended.
            descriptor.DangerousAddRef(ref isHeld);
            var control = stackalloc byte[ControlMessages.HeaderSize + sizeof(long)];
            var controlLength = ControlMessages.Write(
                new Span<byte>(control, ControlMessages.HeaderSize + sizeof(long)), SocketLevel, Rights, sizeof(int), out var numbers);
            MemoryMarshal.Write(numbers, (int)descriptor.DangerousGetHandle());
            fixed (byte* bytes = data)
            {
                var vector = new NativeDatagrams.Vector { Base = bytes, Length = (nuint)data.Length };
                var header = new NativeDatagrams.Header
                {
                    Vectors = &vector,
                    VectorCount = 1,
                    Control = control,
                    ControlLength = (nuint)controlLength,
                };
                nint sent;
                do
                    sent = SendMessage(socket, &header, NoSignal);
                while (sent < 0 && Marshal.GetLastPInvokeError() == Interrupted);
                return sent == data.Length;
            }
        }
        finally
        {
            if (isHeld)
                descriptor.DangerousRelease();
        }
    }

    /// <summary>Keeps programs that this process starts from inheriting a descriptor.</summary>
    /// <returns>False when there is no such descriptor.</returns>
    public static bool CloseInChildren(int descriptor) => Control(descriptor, SetDescriptorFlags, CloseOnExec) == 0;

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, NativeDatagrams.Header* message, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int value);
}
