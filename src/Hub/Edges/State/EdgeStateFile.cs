using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.State;

/// <summary>
/// <c>edges.json</c>. A crash at any moment leaves either the old or the new content, since the new content is complete and on the disk
/// under another name before it replaces the old one.
/// </summary>
internal sealed class EdgeStateFile(string directory, IStateFiles files)
{
    public const string FileName = "edges.json";

    private readonly string _path = Path.Combine(directory, FileName);
    private byte[]? _saved;

    public string FilePath => _path;

    /// <summary>Faults in the state that was read which an earlier version accepted and this version would not.</summary>
    public ImmutableArray<Fault> Tolerated { get; private set; } = [];

    /// <summary>Reads the state; returns null when there is none yet.</summary>
    /// <exception cref="OperatorException">The file can't be read, or is not what a hub of this version writes. It is left as it
    /// is.</exception>
    public EdgeState? Load()
    {
        try
        {
            files.MakeDirectory(directory);
            _saved = files.Read(_path);
            return _saved is null ? null : Parse(_saved);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The hub's state {_path} can't be read: {FileFault.Of(error, _path)}.", error);
        }
        catch (JsonException error)
        {
            throw Corrupt($"not valid JSON of allowed edges at line {error.LineNumber + 1}", error);
        }
    }

    /// <summary>Writes the state; on return it is on the disk. It waits for the disk, so call it on the thread pool.</summary>
    /// <exception cref="OperatorException">The state could not be written; the old one stays in force.</exception>
    public void Save(EdgeState state)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(ToDocument(state), StateJson.Default.EdgeStateDocument);
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (replaced)
                PutBack();
            throw new OperatorException(
                $"The change could not be saved in {_path}, so nothing was changed: {FileFault.Of(error, _path)}.", error);
        }
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

    private static EdgeStateDocument ToDocument(EdgeState state) => new()
    {
        Version = EdgeStateDocument.CurrentVersion,
        Edges =
        [
            .. state.Entries.Values.OrderBy(entry => entry.Edge.Id, StringComparer.Ordinal)
                .Select(entry => new EdgeStateDocument.Item
                {
                    Edge = JsonSerializer.SerializeToElement(entry.Edge.Definition, EdgeJson.Default.EdgeDefinition),
                    Secrets = entry.Secrets,
                }),
        ],
    };

    private EdgeState Parse(byte[] content)
    {
        CheckVersion(content);
        var document = JsonSerializer.Deserialize(content, StateJson.Default.EdgeStateDocument) ?? throw Corrupt("it is empty");
        if (document.Edges is null || !document.Edges.All(IsWhole))
            throw Corrupt("an edge or a secret's hash is missing or cut short");
        var faults = new FaultList();
        var reader = new EdgeDefinitionReader(faults);
        EdgeDefinition[] edges = [
            .. document.Edges.Select((item, index) => reader.ReadEdge(item.Edge, $"edges[{index}].edge")).OfType<EdgeDefinition>()];
        var found = EdgeSetValidator.Validate(edges, _ => true, int.MaxValue, "edges", isStored: true);
        Tolerated = found.Stricter.ToImmutable();
        var errors = Fault.Merge(faults.ToImmutable(), found.ErrorList);
        if (!errors.IsEmpty)
            throw Corrupt(string.Join("; ", errors.Take(3)));
        return new EdgeState(edges.Zip(document.Edges).ToImmutableDictionary(
            pair => pair.First.Id, pair => new EdgeEntry(AllowedEdge.From(pair.First), pair.Second.Secrets), StringComparer.Ordinal));
    }

    // A required member may still be null, and so may an item of a list.
    private static bool IsWhole(EdgeStateDocument.Item? item) =>
        item?.Secrets is { Salt.Length: > 0, Items.IsDefault: false } secrets
            && secrets.Items.All(static secret => secret?.Hash?.Length == SecretHasher.HashBytes);

    // Checked first and separately, since a newer version may have members that would only look wrong here.
    private void CheckVersion(byte[] content)
    {
        using var document = JsonText.Parse(content, out var faults) ?? throw Corrupt(faults[0].ToString());
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("version", out var member) || member.ValueKind != JsonValueKind.Number
            || !member.TryGetInt32(out var version))
            throw Corrupt("it has no version");
        if (version != EdgeStateDocument.CurrentVersion)
            throw new OperatorException(
                $"The hub's state {_path} has version {version}; this hub knows version {EdgeStateDocument.CurrentVersion}. Run the hub "
                + "that wrote it, or a newer one.");
    }

    private OperatorException Corrupt(string what, Exception? cause = null)
    {
        var message = $"The hub's state {_path} is damaged ({what}). It was left as it is: restore it from a backup, or move it away to "
            + "start with the configuration's edges.";
        return cause is null ? new OperatorException(message) : new OperatorException(message, cause);
    }
}
