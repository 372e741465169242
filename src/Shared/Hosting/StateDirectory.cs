using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Tunnel.Shared.Files;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Holds a service's state directory for one process at a time, since two would overwrite each other's state. It also ensures that nobody
/// else could have put a key or a state there, because whoever may write to the directory may replace every file in it.
/// </summary>
public sealed class StateDirectory : IDisposable
{
    /// <summary>The file that is locked; it contains a line that names the holder.</summary>
    public const string LockName = "lock";

    private const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly FileLock _lock;

    private StateDirectory(FileLock held) => _lock = held;

    /// <summary>The lock that holds the directory: a process that gets a duplicate holds it too.</summary>
    public SafeFileHandle Lock => _lock.Handle;

    /// <summary>
    /// Takes the directory before anything in it is read or written, creates it when it is missing, and then calls <see cref="Secure"/>.
    /// </summary>
    /// <param name="directory">The service's state directory.</param>
    /// <param name="files">Names of the service's files.</param>
    /// <param name="now">The current time, which other processes are told while the directory is held.</param>
    /// <param name="logger">Where warnings are logged.</param>
    /// <param name="passed">The lock that the process which this one replaces has passed on; null when there is none.</param>
    /// <returns>An object that holds the directory until it is disposed or the process ends.</returns>
    /// <exception cref="OperatorException">Another process holds the directory; see also <see cref="Secure"/>.</exception>
    /// <exception cref="IOException">The directory can't be created, or nothing can be written there.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write there.</exception>
    public static StateDirectory Take(
        string directory, IEnumerable<string> files, DateTimeOffset now, ILogger logger, SafeFileHandle? passed = null)
    {
        // No file of ours goes into a directory that everybody may write to.
        Check(directory);
        new StateFiles().MakeDirectory(directory);
        var line = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId}, since {now:yyyy-MM-dd HH:mm:ss} UTC");
        var held = passed is not null ? FileLock.Adopt(passed, line) : TakeLock(directory, line);
        try
        {
            Secure(directory, [LockName, .. files], logger);
            return new StateDirectory(held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Removes others' right to write to the directory and to the service's files in it, with a warning; other files are left alone. Does
    /// nothing where there is no directory.
    /// </summary>
    /// <param name="directory">The service's state directory.</param>
    /// <param name="files">Names of the service's files.</param>
    /// <param name="logger">Where warnings are logged.</param>
    /// <exception cref="OperatorException">
    /// The directory is open to everybody, as /tmp is, or is not a directory; a file belongs to a user other than this one, root and the
    /// directory's owner; or something can't be looked at or repaired.
    /// </exception>
    public static void Secure(string directory, IEnumerable<string> files, ILogger logger)
    {
        try
        {
            if (Check(directory) is not { } status)
                return;
            Repair(directory, status, logger);
            foreach (var path in files.Select(name => Path.Combine(directory, name)))
            {
                if (UnixFile.At(path) is { } file)
                    SecureFile(path, file, directory, status, logger);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"The state directory {directory} can't be made safe: {error.Message} It and its files must be writable by their owner "
                + "only.",
                error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static FileLock TakeLock(string directory, string line) =>
        FileLock.TryTake(Path.Combine(directory, LockName), line, out var holder)
            ?? throw new OperatorException(
                $"stateDir '{directory}' is in use by {(string.IsNullOrEmpty(holder) ? "another process" : holder)}. Two would overwrite "
                    + "each other's state: "
                + "stop that one, or give this one a directory of its own with --state-dir DIR.");

    private static UnixFile? Check(string directory)
    {
        if (UnixFile.At(directory) is not { } status)
            return null;
        if (status.Type != UnixFileType.Directory)
        {
            throw new OperatorException(
                $"stateDir '{directory}' is a {UnixFile.Name(status.Type)}, not a directory. Valid: a directory of this service's own.");
        }

        return status.OthersMayWrite && status.Mode.HasFlag(UnixFileMode.StickyBit)
            ? throw new OperatorException(
                $"stateDir '{directory}' can be written by everybody, so that anybody may have put a key there. "
                + "Valid: a directory of this service's own.")
            : status;
    }

    private static void SecureFile(string path, UnixFile file, string directory, UnixFile status, ILogger logger)
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
        // A volume may belong to root and a group: this service then writes there by its group.
        if (UnixFile.CurrentUser is not 0 and var user && user != status.Owner && !status.Mode.HasFlag(UnixFileMode.OtherWrite))
            return;
        File.SetUnixFileMode(path, status.Mode & ~Others);
        HostingLog.OthersCouldWrite(logger, path);
    }
}
