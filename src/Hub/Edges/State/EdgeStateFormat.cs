using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Hub.Keeping;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.State;

/// <summary>The JSON of the allowed edges, as <c>edges.json</c> has it and hubs share it.</summary>
/// <param name="place">Where it is, for messages.</param>
internal sealed class EdgeStateFormat(string place)
{
    public const string FileName = "edges.json";

    /// <summary>Makes the keeper of the file in a state directory.</summary>
    public static FileKeeper FileIn(string directory, IStateFiles files) => new(directory, FileName, "state", files);

    /// <summary>
    /// Faults in the state that was read last which an earlier version accepted and this version would not.
    /// </summary>
    public ImmutableArray<Fault> Tolerated { get; private set; } = [];

    /// <summary>Reads the state.</summary>
    /// <exception cref="OperatorException">It is not what a hub of this version writes.</exception>
    public EdgeState Read(byte[] content)
    {
        try
        {
            return Parse(content);
        }
        catch (JsonException error)
        {
            throw Corrupt($"not valid JSON of allowed edges at line {error.LineNumber + 1}", error);
        }
    }

    public static byte[] Write(EdgeState state) =>
        JsonSerializer.SerializeToUtf8Bytes(ToDocument(state), StateJson.Default.EdgeStateDocument);

    private static EdgeStateDocument ToDocument(EdgeState state) => new()
    {
        Version = EdgeStateDocument.CurrentVersion,
        Revision = state.Revision == 0 ? null : state.Revision,
        Edges =
        [
            .. state.Entries.Values.OrderBy(entry => entry.Edge.Id, StringComparer.Ordinal)
                .Select(entry => new EdgeStateDocument.Item
                {
                    Edge = JsonSerializer.SerializeToElement(entry.Edge.Definition, EdgeJson.Default.EdgeDefinition),
                    Secrets = entry.Secrets,
                    Revision = entry.Edge.Revision,
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
        var revision = document.Revision ?? 0;
        return new EdgeState(edges.Zip(document.Edges).ToImmutableDictionary(
            pair => pair.First.Id, pair => ToEntry(pair.First, pair.Second, revision), StringComparer.Ordinal))
        {
            Revision = revision,
        };
    }

    private static EdgeEntry ToEntry(EdgeDefinition definition, EdgeStateDocument.Item item, long whole)
    {
        var edge = AllowedEdge.From(definition);
        edge.Revision = item.Revision ?? whole;
        return new EdgeEntry(edge, item.Secrets);
    }

    // A required member may still be null, and so may an item of a list.
    private static bool IsWhole(EdgeStateDocument.Item? item) =>
        item?.Secrets is { Salt.Length: > 0, Items.IsDefault: false } secrets
            && secrets.Items.All(static secret => secret?.Hash?.Length == SecretHasher.HashBytes);

    // The version is checked first and separately, since a newer version may have members that would only look wrong here.
    private void CheckVersion(byte[] content)
    {
        using var document = JsonText.Parse(content, out var faults) ?? throw Corrupt(faults[0].ToString());
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("version", out var member) || member.ValueKind != JsonValueKind.Number
            || !member.TryGetInt32(out var version))
        {
            throw Corrupt("it has no version");
        }

        if (version is < EdgeStateDocument.OldestVersion or > EdgeStateDocument.CurrentVersion)
        {
            throw new OperatorException(
                $"The hub's state {place} has version {version}; this hub knows version {EdgeStateDocument.CurrentVersion} and older ones. "
                + "Run the hub that wrote it, or a newer one.");
        }
    }

    private OperatorException Corrupt(string what, Exception? cause = null)
    {
        var message = $"The hub's state {place} is damaged ({what}). It was left as it is: restore it from a backup, or move it away to "
            + "start with the configuration's edges.";
        return cause is null ? new OperatorException(message) : new OperatorException(message, cause);
    }
}
