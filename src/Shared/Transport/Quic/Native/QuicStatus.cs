namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>
/// QUIC_STATUS of msquic on Linux (msquic_posix.h): values up to 0 are success, values above are numbers of errno(3) and TLS alerts.
/// </summary>
internal static class QuicStatus
{
    /// <summary>The call succeeded.</summary>
    public const int Success = 0;

    /// <summary>Returned by a callback for received bytes: they are still in use, and their completion follows.</summary>
    public const int Pending = -2;

    public const int InvalidParameter = 22;
    public const int AbortedByUser = 125;
    public const int ConnectionRefused = 111;
    public const int Unreachable = 113;

    /// <summary>QUIC's idle time-out, also of a handshake: nothing has come from the peer.</summary>
    public const int ConnectionIdle = 62;

    /// <summary>The disconnect time-out: what was sent is not acknowledged.</summary>
    public const int ConnectionTimeout = 110;

    /// <summary>The peer does not speak our protocol.</summary>
    public const int NoCommonProtocol = 92;

    /// <summary>The peer speaks another version of QUIC.</summary>
    public const int NoCommonVersion = 93;

    public const int AddressInUse = 98;
    public const int AddressNotAvailable = 99;

    /// <summary>TLS alert 42: this side refuses the peer's certificate.</summary>
    public const int BadCertificate = 200_000_298;

    public static bool Failed(int status) => status > 0;

    /// <summary>Describes a status for logs and operators.</summary>
    public static string Describe(int status) => status switch
    {
        ConnectionRefused or Unreachable => "nobody listens there (ICMP unreachable)",
        ConnectionIdle or ConnectionTimeout => "no answer",
        NoCommonProtocol => "the other end does not speak tunnel/1 over QUIC",
        NoCommonVersion => "the other end speaks another version of QUIC",
        AbortedByUser => "aborted",
        AddressInUse => "the port is in use",
        AddressNotAvailable => "the address is not one of this machine's",
        BadCertificate => "the certificate was refused",
        > 200_000_256 and < 200_000_512 => $"TLS alert {status - 200_000_256}",
        _ => $"msquic status {status}",
    };
}
