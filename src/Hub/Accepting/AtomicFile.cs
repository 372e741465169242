namespace Tunnel.Hub.Accepting;

/// <summary>Writes small private files so that a crash leaves either the old or the new one, and nobody else can ever read them.</summary>
internal static class AtomicFile
{
    /// <summary>Write, fsync, rename; mode 0600 from the first byte on.</summary>
    public static void Write(string path, string content)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var stream = new FileStream(temporary, options))
        {
            using var writer = new StreamWriter(stream);
            writer.Write(content);
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
