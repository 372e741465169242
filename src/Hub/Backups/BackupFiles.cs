using Tunnel.Shared.Files;

namespace Tunnel.Hub.Backups;

/// <summary>A backup in the shape of a state directory, for the readers of its files; it can't be written.</summary>
internal sealed class BackupFiles(BackupDocument document) : IStateFiles
{
    public void MakeDirectory(string path)
    {
        // The directory exists already.
    }

    public byte[]? Read(string path) => document.ContentOf(Path.GetFileName(path));

    public void WriteAndFlush(string path, byte[] content) => throw new NotSupportedException();

    public void Rename(string from, string to) => throw new NotSupportedException();

    public void FlushDirectory(string path) => throw new NotSupportedException();

    public void Delete(string path) => throw new NotSupportedException();
}
