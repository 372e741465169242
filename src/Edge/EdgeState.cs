using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge;

/// <summary>Takes the edge's state directory for this process.</summary>
internal static class EdgeState
{
    /// <summary>Takes it, before anything in it is read; null when there is none.</summary>
    /// <exception cref="OperatorException">Another process holds it, or what is in it may be somebody else's.</exception>
    public static StateDirectory? Take(TunnelEdgeOptions options, TimeProvider time, ILogger logger)
    {
        if (options.StateDirectory is not { } directory)
            return null;
        string[] files = [PinStore.FileName, HubRenewals.FileName, CrashRecovery.MarkerOf(options)];
        try
        {
            return StateDirectory.Take(directory, files, time.GetUtcNow(), logger);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An edge works without a state that it can write; what is in it must be safe all the same.
            EdgeLog.StateNotTaken(logger, directory, e.Message);
            StateDirectory.Secure(directory, files, logger);
            return null;
        }
    }
}
