namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>msquic has refused something that is needed; the message says what and why.</summary>
public sealed class QuicException : IOException
{
    internal QuicException(string what, int status)
        : base($"{what}: {Native.QuicStatus.Describe(status)}") => Status = status;

    /// <summary>The status of msquic (msquic_posix.h), on Linux mostly a number of errno(3): 98 when the port is in use.</summary>
    public int Status { get; }
}
