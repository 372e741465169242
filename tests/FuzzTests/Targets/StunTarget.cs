using System.Buffers.Binary;
using Tunnel.Edge.PublicAddress;

namespace Tunnel.FuzzTests.Targets;

/// <summary>
/// Reads answers to a STUN request, from whoever knows the transaction: its id is taken from the answer, or all would be refused for that.
/// </summary>
internal static class StunTarget
{
    public static IReadOnlyList<byte[]> Seeds { get; } =
    [
        Message(0x0101, (0x0020, [0, 1, 0xE1, 0x52, 0xEA, 0x12, 0xD5, 0x4B])),
        Message(0x0101, (0x0001, [0, 2, 0x13, 0x88, .. new byte[16]]), (0x8022, "test"u8.ToArray())),
        Message(0x0111, (0x0009, [0, 0, 4, 20, .. "no"u8])),
        WithFingerprint(Message(0x0101, (0x0020, [0, 2, 0xE1, 0x52, .. new byte[16]]))),
    ];

    public static IReadOnlyList<byte[]> Tokens { get; } =
        [
            [0x21, 0x12, 0xA4, 0x42], [0, 0x20, 0, 8, 0, 1], [0, 0x20, 0, 20, 0, 2], [0x80, 0x28, 0, 4], [0, 9, 0, 4, 0, 0, 4, 1],
            [0, 1, 0, 8, 0, 1], [0, 0x2A, 0, 0], [1, 1], [1, 0x11]];

    public static bool Run(ReadOnlySpan<byte> input)
    {
        var transaction = input.Length >= StunMessage.HeaderLength ? input.Slice(8, StunMessage.TransactionIdLength) : default;
        var answer = StunMessage.Read(input, transaction);
        Check.That(answer.Kind == StunAnswerKind.Seen == answer.Address is not null, "there is an address when one was seen");
        Check.That(answer.ErrorCode is 0 or (>= 300 and < 700), "an error's code is one of the protocol");
        if (answer.Kind == StunAnswerKind.None)
            return false;
        Span<byte> other = stackalloc byte[StunMessage.TransactionIdLength];
        transaction.CopyTo(other);
        other[0] ^= 1;
        Check.Equal(StunAnswerKind.None, StunMessage.Read(input, other).Kind, "another's answer is none");
        return true;
    }

    private static byte[] Message(ushort type, params (ushort Type, byte[] Value)[] attributes)
    {
        var message = new List<byte>();
        foreach (var (attribute, value) in attributes)
        {
            message.AddRange([(byte)(attribute >> 8), (byte)attribute, (byte)(value.Length >> 8), (byte)value.Length, .. value]);
            while (message.Count % 4 != 0)
                message.Add(0);
        }

        message.InsertRange(
            0,
            [
                (byte)(type >> 8), (byte)type, (byte)(message.Count >> 8), (byte)message.Count, 0x21, 0x12, 0xA4, 0x42,
                .. new byte[StunMessage.TransactionIdLength]]);
        return [.. message];
    }

    private static byte[] WithFingerprint(byte[] message)
    {
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(message.Length - StunMessage.HeaderLength + 8));
        byte[] whole = [.. message, 0x80, 0x28, 0, 4, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(whole.AsSpan(message.Length + 4), StunFingerprint.Compute(message));
        return whole;
    }
}
