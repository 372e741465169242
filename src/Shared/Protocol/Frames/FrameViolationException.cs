namespace Tunnel.Shared.Protocol.Frames;

/// <summary>The peer broke the protocol, so the tunnel has to end. The message names the frame and the cause for the log.</summary>
public sealed class FrameViolationException : Exception
{
    /// <summary>Creates an exception for a frame.</summary>
    public FrameViolationException(in FrameHeader frame, string cause)
        : base($"{Name(frame.Type)} (0x{(byte)frame.Type:X2}) on stream {frame.StreamId}, {frame.Length} bytes: {cause}")
    {
    }

    private static string Name(FrameType type) => Enum.IsDefined(type) ? type.ToString() : "unknown frame";
}
