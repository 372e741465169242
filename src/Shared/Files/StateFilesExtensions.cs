namespace Tunnel.Shared.Files;

/// <summary>Combines the steps of <see cref="IStateFiles"/>.</summary>
public static class StateFilesExtensions
{
    /// <summary>
    /// Replaces a file's content. A crash at any moment leaves either the old or the new content, since the new one is complete and on the
    /// disk under another name before it takes the old one's place. On return the new content is on the disk.
    /// </summary>
    /// <param name="files">The steps to use.</param>
    /// <param name="path">The file; its directory must exist.</param>
    /// <param name="content">The whole new content.</param>
    /// <exception cref="IOException">The content could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write there.</exception>
    public static void Replace(this IStateFiles files, string path, byte[] content)
    {
        var temporary = path + ".new";
        files.WriteAndFlush(temporary, content);
        files.Rename(temporary, path);
        files.FlushDirectory(Path.GetDirectoryName(path)!);
    }
}
