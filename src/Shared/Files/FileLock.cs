using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tunnel.Shared.Files;

/// <summary>
/// A lock file that one process at a time holds (flock(2)); it contains a line written by its holder. The kernel releases it when the
/// process ends, however it ends. The file is never removed: a process that removed it could do so while another one has just taken it.
/// </summary>
internal sealed partial class FileLock : IDisposable
{
    private const int MaxLine = 200;

    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>The open file that holds the lock; whoever has a duplicate of it holds the lock too.</summary>
    public SafeFileHandle Handle => _file;

    /// <summary>Takes over a lock that another process holds and has passed to this one.</summary>
    /// <param name="passed">The open file, which belongs to the lock from now on.</param>
    /// <param name="line">The line that other processes are shown from now on.</param>
    public static FileLock Adopt(SafeFileHandle passed, string line)
    {
        Write(passed, line);
        return new FileLock(passed);
    }

    /// <summary>Tries to take the lock, without waiting.</summary>
    /// <param name="path">The file. It is created when it is missing, and belongs to its directory's owner.</param>
    /// <param name="line">The line that other processes are shown while the lock is held.</param>
    /// <param name="holder">The present holder's line, which may be empty; null when the lock was taken.</param>
    /// <returns>The lock, or null when another process holds it.</returns>
    /// <exception cref="IOException">The file can't be opened, or its file system does not support locks.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write the file.</exception>
    public static FileLock? TryTake(string path, string line, out string? holder)
    {
        const int readAndWrite = 2;
        const int create = 0x40;
        const int noLink = 0x20000;
        const int closeOnExec = 0x80000;
        const int ownerOnly = 0x180;
        const int exclusive = 2;
        const int doNotWait = 4;
        const int accessDenied = 13;
        const int wouldBlock = 11;
        // .NET's own file streams are not used, because they take a shared lock on every file that they open, even to read the holder's
        // line.
        var file = Open(path, readAndWrite | create | noLink | closeOnExec, ownerOnly);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            var message = $"{path}: {Marshal.GetPInvokeErrorMessage(error)}.";
            throw error == accessDenied ? new UnauthorizedAccessException(message) : new IOException(message);
        }

        if (Lock(file, exclusive | doNotWait) == 0)
        {
            StateFiles.GiveToOwnerOf(Path.GetDirectoryName(Path.GetFullPath(path))!, file);
            Write(file, line);
            holder = null;
            return new FileLock(file);
        }

        using (file)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != wouldBlock)
                throw new IOException($"{path} can't be locked: {Marshal.GetPInvokeErrorMessage(error)}.");
            var buffer = new byte[MaxLine];
            holder = Encoding.UTF8.GetString(buffer, 0, RandomAccess.Read(file, buffer, 0));
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Write(SafeFileHandle file, string line)
    {
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(line), 0);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
