using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge;

/// <summary>Takes the edge's state directory for this process.</summary>
internal static class EdgeState
{
    /// <summary>
    /// Takes the state directory before anything in it is read, by the lock that the process before has passed on if there is one. Returns
    /// null when none is configured or it can't be written.
    /// </summary>
    /// <exception cref="OperatorException">Another process holds it, or what is in it may be somebody else's.</exception>
    public static StateDirectory? Take(TunnelEdgeOptions options, SafeFileHandle? passed, TimeProvider time, ILogger logger)
    {
        if (options.StateDirectory is not { } directory)
            return null;
        string[] files = [.. HubLinks.FilesOf(options), CrashRecovery.MarkerOf(options)];
        try
        {
            return StateDirectory.Take(directory, files, time.GetUtcNow(), logger, passed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An edge works without a state directory that it can write, but what is in it must still be safe.
            EdgeLog.StateNotTaken(logger, directory, e.Message);
            StateDirectory.Secure(directory, files, logger);
            return null;
        }
    }
}
