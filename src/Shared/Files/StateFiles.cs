using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tunnel.Shared.Files;

/// <inheritdoc cref="IStateFiles"/>
public sealed partial class StateFiles : IStateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Changes share it, and the passing on has it alone.
    private static readonly ReaderWriterLockSlim Passing = new();

    private static bool _isPassedOn;

    /// <summary>
    /// Notes whether another process has this process's state now. Nothing of it can be written then, from anywhere: both would overwrite
    /// each other's. Waits for what is being written.
    /// </summary>
    public static void SetPassedOn(bool isPassedOn)
    {
        Passing.EnterWriteLock();
        _isPassedOn = isPassedOn;
        Passing.ExitWriteLock();
    }

    /// <inheritdoc/>
    public void MakeDirectory(string path)
    {
        if (UnixFile.At(path) is { } there)
        {
            if (there.Type != UnixFileType.Directory)
                throw new IOException($"{path} is a {UnixFile.Name(there.Type)}, not a directory.");
            return;
        }

        const UnixFileMode mode = OwnerOnly | UnixFileMode.UserExecute;
        Directory.CreateDirectory(path, mode);

        // The process's mask is narrower for the moment in which an admin socket is created, and would remove the right to enter the
        // directory.
        File.SetUnixFileMode(path, mode);
    }

    /// <inheritdoc/>
    public byte[]? Read(string path)
    {
        if (UnixFile.At(path) is not { } there)
            return null;
        return there.Type == UnixFileType.Regular
            ? File.ReadAllBytes(path)
            : throw new IOException($"{path} is a {UnixFile.Name(there.Type)}, not a file.");
    }

    /// <inheritdoc/>
    public void WriteAndFlush(string path, byte[] content) => Change(() =>
    {
        // A file left behind by a crash may have other permissions.
        File.Delete(path);
        var options =
            new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = OwnerOnly };
        using var file = new FileStream(path, options);
        GiveToOwnerOf(Path.GetDirectoryName(Path.GetFullPath(path))!, file.SafeFileHandle);
        file.Write(content);
        file.Flush(flushToDisk: true);
    });

    /// <inheritdoc/>
    public void Rename(string from, string to) => Change(() => File.Move(from, to, overwrite: true));

    /// <inheritdoc/>
    public void FlushDirectory(string path)
    {
        // .NET can't open directories.
        const int readOnly = 0;
        using var directory = Open(path, readOnly);
        if (directory.IsInvalid || Flush(directory) != 0)
        {
            throw new IOException(
                $"The directory {path} can't be written to the disk: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    /// <inheritdoc/>
    public void Delete(string path) => Change(() => File.Delete(path));

    private static void Change(Action change)
    {
        Passing.EnterReadLock();
        try
        {
            if (_isPassedOn)
                throw new StatePassedOnException();
            change();
        }
        finally
        {
            Passing.ExitReadLock();
        }
    }

    /// <summary>
    /// Gives a file to the owner of its directory: what root writes in a service's directory must stay the service's, or the service could
    /// no longer read its own state. A root without the right to do so (in a container) keeps the file.
    /// </summary>
    internal static void GiveToOwnerOf(string directory, SafeFileHandle file)
    {
        if (UnixFile.CurrentUser == 0 && UnixFile.At(directory) is { } owner && owner.Owner != 0)
            _ = ChangeOwner(file, owner.Owner, owner.Group);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint owner, uint group);
}
