using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tunnel.Hub.Storage;

/// <inheritdoc cref="IStateFiles"/>
internal sealed partial class StateFiles : IStateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public void MakeDirectory(string path)
    {
        if (Directory.Exists(path))
            return;
        const UnixFileMode mode = OwnerOnly | UnixFileMode.UserExecute;
        Directory.CreateDirectory(path, mode);

        // The process's mask is narrower for the moment in which an admin socket is made, and would take the right to enter.
        File.SetUnixFileMode(path, mode);
    }

    public byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    public void WriteAndFlush(string path, byte[] content)
    {
        // What a crash left behind may have other rights.
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = OwnerOnly };
        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public void FlushDirectory(string path)
    {
        // .NET opens no directories.
        const int readOnly = 0;
        using var directory = Open(path, readOnly);
        if (directory.IsInvalid || Flush(directory) != 0)
            throw new IOException($"The directory {path} can't be written to the disk: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    public void Delete(string path) => File.Delete(path);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle file);
}
