using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Sees to it that nobody else could have put a key or a state where a service keeps its own: whoever may write to the directory may replace every file in it.
/// </summary>
public static class StateDirectory
{
    private const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>
    /// Takes away others' right to write to the directory and to the service's files in it, with a warning; other files are left alone. Nothing where there is no
    /// directory.
    /// </summary>
    /// <param name="directory">The service's state.</param>
    /// <param name="files">Names of the service's files.</param>
    /// <param name="logger">Where it warns.</param>
    /// <exception cref="OperatorException">
    /// The directory is everybody's, as /tmp is; a file belongs to another user than this one, root and the directory's; or it can't be looked at or repaired.
    /// </exception>
    public static void Secure(string directory, IEnumerable<string> files, ILogger logger)
    {
        try
        {
            if (UnixFile.At(directory) is not { Type: UnixFileType.Directory } status)
                return;
            if (status.OthersMayWrite && status.Mode.HasFlag(UnixFileMode.StickyBit))
                throw new OperatorException($"stateDir '{directory}' is everybody's, so that a key in it may be anybody's. Valid: a directory of this service's own.");
            Repair(directory, status, logger);
            foreach (var path in files.Select(name => Path.Combine(directory, name)))
            {
                if (UnixFile.At(path) is { } file)
                    Secure(path, file, directory, status, logger);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The state directory {directory} can't be made safe: {error.Message} It and its files must be writable by their owner only.", error);
        }
    }

    private static void Secure(string path, UnixFile file, string directory, UnixFile status, ILogger logger)
    {
        if (file.Owner != status.Owner && file.Owner != UnixFile.CurrentUser && file.Owner != 0)
        {
            throw new OperatorException(
                $"{path} belongs to user {file.Owner}, who is neither this service's nor the directory's: it may be planted. "
                + $"If it is yours, give it to the owner of {directory} (chown); else remove it.");
        }

        Repair(path, file, logger);
    }

    private static void Repair(string path, UnixFile status, ILogger logger)
    {
        if (!status.OthersMayWrite)
            return;
        // As in a volume that is root's and a group's: it is by its group that this service writes there.
        if (UnixFile.CurrentUser is not 0 and var user && user != status.Owner && !status.Mode.HasFlag(UnixFileMode.OtherWrite))
            return;
        File.SetUnixFileMode(path, status.Mode & ~Others);
        HostingLog.OthersCouldWrite(logger, path);
    }
}
