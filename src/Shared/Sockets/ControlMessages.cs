using System.Runtime.InteropServices;

namespace Tunnel.Shared.Sockets;

/// <summary>Control messages (cmsg(3)) of 64-bit Linux: walking what recvmsg wrote, and writing one for sendmsg.</summary>
public static class ControlMessages
{
    /// <summary>Bytes of a struct cmsghdr.</summary>
    public const int HeaderSize = 16;

    /// <summary>Takes the next message from the front of <paramref name="control"/>.</summary>
    /// <returns>False at the end, or when the rest is not well-formed.</returns>
    public static bool TryTake(ref ReadOnlySpan<byte> control, out int level, out int type, out ReadOnlySpan<byte> data)
    {
        var length = control.Length < HeaderSize ? 0 : MemoryMarshal.Read<long>(control);
        if (length < HeaderSize || length > control.Length)
        {
            level = type = 0;
            data = default;
            return false;
        }

        level = MemoryMarshal.Read<int>(control[8..]);
        type = MemoryMarshal.Read<int>(control[12..]);
        data = control[HeaderSize..(int)length];
        control = control[Math.Min(Align((int)length), control.Length)..];
        return true;
    }

    /// <summary>Writes a message of <paramref name="dataLength"/> bytes, whose data the caller fills in.</summary>
    /// <returns>The bytes of <paramref name="control"/> that the message takes.</returns>
    public static int Write(Span<byte> control, int level, int type, int dataLength, out Span<byte> data)
    {
        var room = Align(HeaderSize + dataLength);
        control[..room].Clear();
        MemoryMarshal.Write(control, (long)(HeaderSize + dataLength));
        MemoryMarshal.Write(control[8..], level);
        MemoryMarshal.Write(control[12..], type);
        data = control.Slice(HeaderSize, dataLength);
        return room;
    }

    private static int Align(int length) => (length + 7) & ~7;
}
