using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>Passes descriptors to other processes (SCM_RIGHTS of unix(7)), which .NET does not offer.</summary>
internal static unsafe partial class NativeDescriptors
{
    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int NoSignal = 0x4000;
    private const int CloseOnExecReceived = 0x40000000;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;
    private const int Interrupted = 4;
    private const int Again = 11;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Sends bytes and a descriptor with them over a connected Unix socket, in one piece.</summary>
    /// <returns>False when it can't be sent, or the receiver does not read for a while.</returns>
    public static bool Send(Socket socket, ReadOnlySpan<byte> data, SafeHandle descriptor)
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
                while (true)
                {
                    if (SendMessage(socket.SafeHandle, &header, NoSignal) == data.Length)
                        return true;
                    // A socket that does not block has a full queue.
                    var error = Marshal.GetLastPInvokeError();
                    if (error != Interrupted && !(error == Again && socket.Poll(Patience, SelectMode.SelectWrite)))
                        return false;
                }
            }
        }
        finally
        {
            if (isHeld)
                descriptor.DangerousRelease();
        }
    }

    /// <summary>Receives bytes and the descriptor that came with them. Waits as long as the socket's receive time-out.</summary>
    /// <param name="socket">A connected Unix socket that blocks.</param>
    /// <param name="data">Where the bytes go.</param>
    /// <param name="descriptor">The descriptor, which belongs to the caller; −1 when none came.</param>
    /// <returns>The number of bytes; 0 at the end, −1 after an error.</returns>
    public static int Receive(SafeSocketHandle socket, Span<byte> data, out int descriptor)
    {
        const int room = ControlMessages.HeaderSize + sizeof(long);
        var control = stackalloc byte[room];
        descriptor = -1;
        fixed (byte* bytes = data)
        {
            var vector = new NativeDatagrams.Vector { Base = bytes, Length = (nuint)data.Length };
            var header = new NativeDatagrams.Header
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = room,
            };
            nint received;
            do
                received = ReceiveMessage(socket, &header, CloseOnExecReceived);
            while (received < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            ReadOnlySpan<byte> rest = new(control, received < 0 ? 0 : (int)header.ControlLength);
            while (ControlMessages.TryTake(ref rest, out var level, out var type, out var numbers))
            {
                if (level == SocketLevel && type == Rights && numbers.Length == sizeof(int))
                    descriptor = MemoryMarshal.Read<int>(numbers);
            }

            return (int)received;
        }
    }

    /// <summary>Keeps programs that this process starts from inheriting a descriptor.</summary>
    /// <returns>False when there is no such descriptor.</returns>
    public static bool CloseInChildren(int descriptor) => Control(descriptor, SetDescriptorFlags, CloseOnExec) == 0;

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, NativeDatagrams.Header* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeSocketHandle socket, NativeDatagrams.Header* message, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int value);
}
