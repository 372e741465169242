namespace Tunnel.Shared.Hosting;

/// <summary>What every command of both programs ends with.</summary>
public static class ExitCodes
{
    /// <summary>All done; for a service: stopped in order.</summary>
    public const int Fine = 0;

    /// <summary>The command was understood and failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the configuration is not valid; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>
    /// A service was told a second time to stop, and ended without draining: 128 and the signal's number, as a shell shows it.
    /// </summary>
    public static int Signalled(int signalNumber) => 128 + signalNumber;
}
