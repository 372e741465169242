using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Sees to it that nobody else could have put a key or a state where a service keeps its own: whoever may write to the directory may replace every file in it.
/// </summary>
public static class StateDirectory
{
    private const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Takes away others' right to write to the directory and its files, with a warning; refuses files that are somebody else's. Nothing where there is none.</summary>
    /// <exception cref="OperatorException">A file belongs to another user than this one, root and the directory's; or it can't be looked at or repaired.</exception>
    public static void Secure(string directory, ILogger logger)
    {
        try
        {
            if (UnixFile.At(directory) is not { Type: UnixFileType.Directory } status)
                return;
            Repair(directory, status, logger);
            foreach (var path in Directory.EnumerateFiles(directory))
            {
                if (UnixFile.At(path, followLinks: false) is not { } file)
                    continue;
                if (file.Owner != status.Owner && file.Owner != UnixFile.CurrentUser && file.Owner != 0)
                    throw new OperatorException($"{path} belongs to user {file.Owner}, who is neither this service's nor the directory's: it may be planted. "
                        + $"If it is yours, give it to the owner of {directory} (chown); else remove it.");
                if (file.Type == UnixFileType.Regular)
                    Repair(path, file, logger);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The state directory {directory} can't be made safe: {error.Message} It and its files must be writable by their owner only.", error);
        }
    }

    private static void Repair(string path, UnixFile status, ILogger logger)
    {
        if (!status.OthersMayWrite)
            return;
        File.SetUnixFileMode(path, status.Mode & ~Others);
        HostingLog.OthersCouldWrite(logger, path);
    }
}
