namespace Tunnel.Shared.Files;

/// <summary>The steps in their order.</summary>
public static class StateFilesExtensions
{
    /// <summary>
    /// Replaces a file's content: a crash at any moment leaves either the old or the new one, since the new one is complete and on the disk
    /// under another name before it takes the old one's place. On return it is on the disk.
    /// </summary>
    /// <param name="files">The steps.</param>
    /// <param name="path">The file; its directory must be there.</param>
    /// <param name="content">All of it.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write there.</exception>
    public static void Replace(this IStateFiles files, string path, byte[] content)
    {
        var temporary = path + ".new";
        files.WriteAndFlush(temporary, content);
        files.Rename(temporary, path);
        files.FlushDirectory(Path.GetDirectoryName(path)!);
    }
}
