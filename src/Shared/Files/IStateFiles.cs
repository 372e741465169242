namespace Tunnel.Shared.Files;

/// <summary>The steps of saving a file safely; an interface so that a test can fail or stop between any two.</summary>
public interface IStateFiles
{
    /// <summary>Makes a directory for its owner alone, if it is missing.</summary>
    /// <exception cref="IOException">Something else is there, or it can't be made.</exception>
    void MakeDirectory(string path);

    /// <summary>The file's content, or null when there is none.</summary>
    /// <exception cref="IOException">What is there is no file, or can't be read.</exception>
    byte[]? Read(string path);

    /// <summary>Writes a file of mode 0600 that belongs to its directory's owner, and waits until its content is on the disk.</summary>
    void WriteAndFlush(string path, byte[] content);

    /// <summary>Puts a file in another's place, at once.</summary>
    void Rename(string from, string to);

    /// <summary>Waits until the names in a directory are on the disk.</summary>
    void FlushDirectory(string path);

    /// <summary>Removes a file; one that is not there is no error.</summary>
    void Delete(string path);
}
