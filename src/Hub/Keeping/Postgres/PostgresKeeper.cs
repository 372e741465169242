using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Keeping.Postgres;

/// <summary>
/// Keeps a document in the database, and a copy of what is known of it in this hub's state directory, for a start while the database is
/// away. A database without the document is a fault for a hub that knows one: it may be new to these hubs, or have been made anew, and what
/// hubs do must not depend on that.
/// </summary>
/// <param name="document">The document.</param>
/// <param name="copy">Keeps the copy.</param>
/// <param name="logger">Where it is logged that the copy can't be written.</param>
internal sealed class PostgresKeeper(PostgresDocument document, FileKeeper copy, ILogger logger) : IDocumentKeeper
{
    /// <summary>
    /// The keeper of the document without which the database has nothing of these hubs; null: this keeper's own is that one. Where the
    /// database has it, this keeper's may be missing, which is the same as an empty one.
    /// </summary>
    public PostgresKeeper? First { get; init; }

    public string Place => document.Database.Name;

    public async Task<KeptDocument> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ReadOtherAsync(KeptDocument.Unknown, cancellationToken) ?? new KeptDocument(null, 0);
        }
        catch (StateUnavailableException)
        {
            return new KeptDocument(await ReadCopyAsync(cancellationToken), KeptDocument.Unknown);
        }
    }

    public Task<byte[]?> ReadCopyAsync(CancellationToken cancellationToken) => Task.Run(copy.Load, cancellationToken);

    public async Task<KeptDocument?> ReadOtherAsync(long known, CancellationToken cancellationToken)
    {
        var read = await document.ReadAsync(known, cancellationToken);
        if (read.Revision == known)
            return null;
        if (read.Revision != 0)
            return read;
        if (First is null)
        {
            await CheckUnknownAsync(cancellationToken);
            return read;
        }

        // Whoever makes the first document makes this one before it, so what is missing now was not there then either.
        if (!await First.ExistsAsync(cancellationToken))
            await First.CheckUnknownAsync(cancellationToken);
        read = await document.ReadAsync(known, cancellationToken);
        return read.Revision == known ? null : read;
    }

    public Task KeepAsync(KeptDocument read) =>
        read.Content is { } content && read.Revision != KeptDocument.Unknown ? KeepCopyAsync(content) : Task.CompletedTask;

    public async Task<long?> SaveAsync(byte[] content, long known, CancellationToken cancellationToken)
    {
        var revision = await document.SaveAsync(content, known, cancellationToken);
        if (revision is not null)
            await KeepCopyAsync(content);
        return revision;
    }

    public string? SetAside() => null;

    public void Watch(Func<CancellationToken, Task> refresh) => document.Database.Watch(refresh);

    private Task<bool> ExistsAsync(CancellationToken cancellationToken) => document.ExistsAsync(cancellationToken);

    /// <summary>Throws unless this hub knows no document either.</summary>
    private async Task CheckUnknownAsync(CancellationToken cancellationToken)
    {
        if (await ReadCopyAsync(cancellationToken) is null)
            return;
        throw new StateUnavailableException(
            $"The {Place} has no {document.Name}, while this hub knows some ({copy.Place}): tunnel-hub state import takes them there.")
        {
            IsOfDocument = true,
        };
    }

    private async Task KeepCopyAsync(byte[] content)
    {
        try
        {
            await Task.Run(() => copy.Save(content));
        }
        catch (OperatorException error)
        {
            PostgresLog.NotKept(logger, error, copy.Place);
        }
    }
}
