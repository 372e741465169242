using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Keeping;

/// <summary>
/// Keeps a document in a file of the state directory. A crash at any moment leaves either the old or the new content, since the new
/// content is complete and on the disk under another name before it replaces the old one. The directory belongs to one process at a time
/// (<see cref="StateDirectory"/>), so nobody else changes the file.
/// </summary>
/// <param name="directory">The state directory.</param>
/// <param name="name">The file's name.</param>
/// <param name="what">What the document is, for messages: "state".</param>
/// <param name="files">Reads and writes files.</param>
internal sealed class FileKeeper(string directory, string name, string what, IStateFiles files) : IDocumentKeeper
{
    private readonly string _path = Path.Combine(directory, name);
    private byte[]? _saved;

    public string Place => _path;

    /// <summary>Reads the document; returns null when there is none yet.</summary>
    /// <exception cref="OperatorException">The file can't be read.</exception>
    public byte[]? Load()
    {
        try
        {
            files.MakeDirectory(directory);
            return _saved = files.Read(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The hub's {what} {_path} can't be read: {FileFault.Of(error, _path)}.", error);
        }
    }

    /// <summary>Writes the document; on return it is on the disk. It waits for the disk, so call it on the thread pool.</summary>
    /// <exception cref="OperatorException">The document could not be written; the old one stays in force.</exception>
    /// <exception cref="StateUnavailableException">Another process has the state, or gives it back soon.</exception>
    public void Save(byte[] content)
    {
        var replaced = false;
        try
        {
            var temporary = _path + ".new";
            files.WriteAndFlush(temporary, content);
            files.Rename(temporary, _path);
            replaced = true;
            files.FlushDirectory(directory);
            _saved = content;
        }
        catch (StatePassedOnException passed) when (!replaced)
        {
            throw new StateUnavailableException($"{passed.Message} Try again.", passed) { RetryAfter = 1 };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (replaced)
                PutBack();
            throw new OperatorException(
                $"The change could not be saved in {_path}, so nothing was changed: {FileFault.Of(error, _path)}.", error);
        }
    }

    public async Task<KeptDocument> OpenAsync(CancellationToken cancellationToken) =>
        new(await Task.Run(Load, cancellationToken), 0);

    // The file is the document itself.
    public Task<byte[]?> ReadCopyAsync(CancellationToken cancellationToken) => Task.FromResult<byte[]?>(null);

    public Task<KeptDocument?> ReadOtherAsync(long known, CancellationToken cancellationToken) => Task.FromResult<KeptDocument?>(null);

    // The file is the document itself.
    public Task KeepAsync(KeptDocument document) => Task.CompletedTask;

    public async Task<long?> SaveAsync(byte[] content, long known, CancellationToken cancellationToken)
    {
        await Task.Run(() => Save(content), cancellationToken);
        return known;
    }

    public string? SetAside()
    {
        var aside = _path + ".damaged";
        files.Rename(_path, aside);
        return aside;
    }

    public void Watch(Func<CancellationToken, Task> refresh)
    {
        // Nobody else changes the file.
    }

    // Nobody knows whether the new name would survive a crash, and a refused change must not come back with the next start.
    private void PutBack()
    {
        try
        {
            if (_saved is null)
            {
                files.Delete(_path);
                return;
            }

            files.WriteAndFlush(_path + ".new", _saved);
            files.Rename(_path + ".new", _path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The disk fails altogether; the caller reports the first error, which shows the cause.
        }
    }
}
