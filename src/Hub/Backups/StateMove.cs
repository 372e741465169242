using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Keeping;
using Tunnel.Hub.Keeping.Postgres;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Backups;

/// <summary>
/// Moves what hubs may share, edges with their secrets and blocks, between the files of a directory and the database. What is moved is read
/// as a hub reads it, before anything is written.
/// </summary>
/// <param name="database">The database; connected.</param>
/// <param name="directory">The directory of the files.</param>
/// <param name="files">Reads and writes files.</param>
/// <param name="time">Tells when what the database had was replaced.</param>
internal sealed class StateMove(PostgresDatabase database, string directory, IStateFiles files, TimeProvider time)
{
    private readonly PostgresDocument _edges = new(database, SharedDocuments.Edges);
    private readonly PostgresDocument _blocks = new(database, SharedDocuments.Blocks);
    private readonly FileKeeper _edgeFile = EdgeStateFormat.FileIn(directory, files);
    private readonly FileKeeper _blockFile = BlockFormat.FileIn(directory, files);

    /// <summary>Takes the files' content into the database.</summary>
    /// <param name="replace">Whether edges and blocks that are there may be replaced.</param>
    /// <param name="cancellationToken">Cancels it before anything is written.</param>
    /// <returns>How many edges there are.</returns>
    /// <exception cref="OperatorException">There is nothing to take, it is not whole, or the database has edges or can't be
    /// used.</exception>
    public async Task<int> ImportAsync(bool replace, CancellationToken cancellationToken)
    {
        var edges = _edgeFile.Load()
            ?? throw new OperatorException($"There are no edges in {directory}: name the directory with --from DIR.");
        var blocks = _blockFile.Load();
        var count = Check(edges, _edgeFile.Place, blocks, _blockFile.Place);
        var there = await _edges.ReadAsync(KeptDocument.Unknown, cancellationToken);
        if (there.Revision != 0 && !replace)
            throw new OperatorException($"The {database.Name} has edges already. With --replace these take their place, at all hubs.");

        // The edges come last: hubs that wait for them have the blocks then.
        var old = await _blocks.ReadAsync(KeptDocument.Unknown, cancellationToken);
        await SaveAsync(_blocks, blocks ?? BlockFormat.Write(new BlockSet([])), old.Revision, cancellationToken);
        await SaveAsync(_edges, AsChange(edges, there.Content), there.Revision, cancellationToken);
        return count;
    }

    /// <summary>Writes the database's content to the files. The caller holds the directory.</summary>
    /// <param name="replace">Whether edges and blocks that are there may be replaced.</param>
    /// <param name="cancellationToken">Cancels it before anything is written.</param>
    /// <returns>How many edges there are.</returns>
    /// <exception cref="OperatorException">There is nothing to take, it is not whole, or the directory has edges or can't be
    /// written.</exception>
    public async Task<int> ExportAsync(bool replace, CancellationToken cancellationToken)
    {
        var edges = (await _edges.ReadAsync(KeptDocument.Unknown, cancellationToken)).Content
            ?? throw new OperatorException($"The {database.Name} has no edges.");
        var blocks = (await _blocks.ReadAsync(KeptDocument.Unknown, cancellationToken)).Content;
        var count = Check(edges, database.Name, blocks, database.Name);
        if (_edgeFile.Load() is { } present && !present.AsSpan().SequenceEqual(edges) && !replace)
            throw new OperatorException($"{_edgeFile.Place} has other edges. With --replace those of the database take their place.");
        _blockFile.Load();
        _blockFile.Save(blocks ?? BlockFormat.Write(new BlockSet([])));
        _edgeFile.Save(edges);
        return count;
    }

    /// <summary>
    /// Edges that take the place of others are a change that is made now: they may be older, and edges that have several hubs would go by
    /// the others as long as one of the hubs does not know of it.
    /// </summary>
    private byte[] AsChange(byte[] edges, byte[]? there)
    {
        if (there is null)
            return edges;
        EdgeState before;
        try
        {
            before = new EdgeStateFormat(database.Name).Read(there);
        }
        catch (OperatorException)
        {
            // What nobody can read is in force nowhere.
            return edges;
        }

        return EdgeStateFormat.Write(new EdgeStateFormat(_edgeFile.Place).Read(edges).After(before, time.GetUtcNow()));
    }

    private static int Check(byte[] edges, string edgePlace, byte[]? blocks, string blockPlace)
    {
        if (blocks is not null)
            new BlockFormat(blockPlace).Read(blocks);
        return new EdgeStateFormat(edgePlace).Read(edges).Entries.Count;
    }

    private async Task SaveAsync(PostgresDocument document, byte[] content, long known, CancellationToken cancellationToken)
    {
        if (await document.SaveAsync(content, known, cancellationToken) is null)
            throw new OperatorException($"A hub has just changed the {document.Name} in the {database.Name}. Stop the hubs, or try again.");
    }
}
