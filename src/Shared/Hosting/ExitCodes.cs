namespace Tunnel.Shared.Hosting;

/// <summary>The exit codes of every command of both programs.</summary>
public static class ExitCodes
{
    /// <summary>The command succeeded; a service stopped in order.</summary>
    public const int Fine = 0;

    /// <summary>The command was understood, but failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the configuration is not valid; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>
    /// The exit code of a service that was told a second time to stop and ended without draining: 128 plus the signal's number, as a shell
    /// shows it.
    /// </summary>
    public static int Signalled(int signalNumber) => 128 + signalNumber;
}
