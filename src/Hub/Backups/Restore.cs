using Tunnel.Shared.Files;

namespace Tunnel.Hub.Backups;

/// <summary>
/// Puts a backup in the place of a hub's state. The whole backup is written beside the state first, under one name: from that moment on it
/// counts, and whatever ends the restore halfway, <see cref="Finish"/> does the rest at the hub's next start. So a kill leaves the old
/// state or the new one.
/// </summary>
internal static class Restore
{
    /// <summary>The file in the state directory that has the backup while its files are put in place.</summary>
    public const string FileName = "restore";

    /// <summary>Replaces the state by a backup that was checked. The caller holds the state directory.</summary>
    /// <exception cref="IOException">The state can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
    public static void Run(BackupDocument document, string stateDir, IStateFiles files)
    {
        files.Replace(Path.Combine(stateDir, FileName), Backup.Write(document));
        Finish(stateDir, files);
    }

    /// <summary>Does what is left to do of a restore that was cut off. The caller holds the state directory.</summary>
    /// <returns>Whether there was one.</returns>
    /// <inheritdoc cref="Run"/>
    public static bool Finish(string stateDir, IStateFiles files)
    {
        var path = Path.Combine(stateDir, FileName);
        if (files.Read(path) is not { } content)
            return false;
        var document = Backup.Read(content, path);
        foreach (var name in HubStateFiles.Kept)
        {
            if (document.ContentOf(name) is { } kept)
                files.Replace(Path.Combine(stateDir, name), kept);
            else
                files.Delete(Path.Combine(stateDir, name));
        }

        files.FlushDirectory(stateDir);
        files.Delete(path);
        files.FlushDirectory(stateDir);
        return true;
    }
}
