namespace Tunnel.Shared.Files;

/// <summary>The steps of saving a file safely. This is an interface so that a test can fail or stop between any two of them.</summary>
public interface IStateFiles
{
    /// <summary>Creates a directory that only its owner may use, if it is missing.</summary>
    /// <exception cref="IOException">Something else has that name, or the directory can't be created.</exception>
    void MakeDirectory(string path);

    /// <summary>Returns the file's content, or null when there is no file.</summary>
    /// <exception cref="IOException">It is not a file, or can't be read.</exception>
    byte[]? Read(string path);

    /// <summary>Writes a file of mode 0600 that belongs to its directory's owner, and waits until its content is on the disk.</summary>
    void WriteAndFlush(string path, byte[] content);

    /// <summary>Puts a file in another's place atomically.</summary>
    void Rename(string from, string to);

    /// <summary>Waits until the names in a directory are on the disk.</summary>
    void FlushDirectory(string path);

    /// <summary>Removes a file; it is no error if the file does not exist.</summary>
    void Delete(string path);
}
