namespace Tunnel.Hub.Storage;

/// <summary>The steps of saving a file safely; an interface so that a test can fail or stop between any two.</summary>
internal interface IStateFiles
{
    /// <summary>Makes a directory for its owner alone, if it is missing.</summary>
    void MakeDirectory(string path);

    /// <summary>The file's content, or null when there is none.</summary>
    byte[]? Read(string path);

    /// <summary>Writes a file of mode 0600 and waits until its content is on the disk.</summary>
    void WriteAndFlush(string path, byte[] content);

    /// <summary>Puts a file in another's place, at once.</summary>
    void Rename(string from, string to);

    /// <summary>Waits until the names in a directory are on the disk.</summary>
    void FlushDirectory(string path);

    void Delete(string path);
}
