using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Keeping;

/// <summary>
/// Keeps one document of the hub's state: in a file that is this hub's alone, or in a database that several hubs share. Whoever saves says
/// which revision the change was made of, so that nobody overwrites a change that it has not seen.
/// </summary>
internal interface IDocumentKeeper
{
    /// <summary>Where the document is, for messages.</summary>
    string Place { get; }

    /// <summary>
    /// Reads the document at the start. While the shared place can't be reached, it is the last known content, with the revision
    /// <see cref="KeptDocument.Unknown"/>.
    /// </summary>
    /// <exception cref="OperatorException">It can't be read.</exception>
    Task<KeptDocument> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Reads the last known content where the document is not this hub's alone; null: there is none.</summary>
    /// <exception cref="OperatorException">It can't be read.</exception>
    Task<byte[]?> ReadCopyAsync(CancellationToken cancellationToken);

    /// <summary>Reads the document if it has another revision than the given one; null: it has not.</summary>
    /// <exception cref="StateUnavailableException">The shared place can't be reached.</exception>
    Task<KeptDocument?> ReadOtherAsync(long known, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a document that was read here, and is whole, as the last known one. One that is not must not take the place of a copy from
    /// which the hub could start.
    /// </summary>
    Task KeepAsync(KeptDocument document);

    /// <summary>Replaces the document; on return it is as safe as the keeper can make it.</summary>
    /// <param name="content">The whole new content.</param>
    /// <param name="known">The revision that was changed.</param>
    /// <param name="cancellationToken">Cancels the change before anything is written.</param>
    /// <returns>The new revision; null: the document has another revision by now, and nothing was changed.</returns>
    /// <exception cref="OperatorException">It could not be saved; see also <see cref="StateUnavailableException"/>.</exception>
    Task<long?> SaveAsync(byte[] content, long known, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps a damaged document under another name, which is returned, so that the hub can start without it; null: it is not this hub's
    /// alone, and stays.
    /// </summary>
    string? SetAside();

    /// <summary>Calls back whenever somebody else may have changed the document.</summary>
    void Watch(Func<CancellationToken, Task> refresh);
}
