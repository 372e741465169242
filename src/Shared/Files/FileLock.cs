using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tunnel.Shared.Files;

/// <summary>
/// A file that one process at a time holds (flock(2)), with a line by the one that does. The kernel lets go of it when the process ends,
/// however it ends; the file stays, since who removed it could take it from under a third.
/// </summary>
internal sealed partial class FileLock : IDisposable
{
    private const int MaxLine = 200;

    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock, without waiting for it.</summary>
    /// <param name="path">The file; it is made when it is missing, and belongs to its directory's owner.</param>
    /// <param name="line">What whoever comes meanwhile is told.</param>
    /// <param name="holder">The line of the one that holds it, which may be empty; null when it was taken.</param>
    /// <returns>The lock; null when another holds it.</returns>
    /// <exception cref="IOException">The file can't be opened, or its file system knows no locks.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
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
        // Not .NET's: whoever opens a file there takes a shared lock on it, the reader of the holder's line too.
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
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, Encoding.UTF8.GetBytes(line), 0);
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

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
