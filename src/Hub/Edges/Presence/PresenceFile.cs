using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Json;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.Edges.Presence;

/// <summary>
/// <c>last-seen.json</c> in the state directory: when each edge was seen. It serves only for display, so a fault of it is never more than
/// a warning.
/// </summary>
internal sealed class PresenceFile(string directory, IStateFiles files, ILogger logger)
{
    public const string FileName = "last-seen.json";

    private readonly string _path = Path.Combine(directory, FileName);
    private bool _isFailing;

    /// <summary>
    /// Reads what the last run has written; edges that were connected then count as not yet back. Empty when there is no file or it is
    /// damaged.
    /// </summary>
    public IReadOnlyDictionary<string, EdgePresence> Load()
    {
        try
        {
            if (files.Read(_path) is { } content
                && JsonSerializer.Deserialize(content, PresenceJson.Default.PresenceDocument)
                    is { Version: PresenceDocument.CurrentVersion, Edges: { } edges })
            {
                return edges.Where(edge => edge.Value?.Remote is not null).ToImmutableDictionary(
                    edge => edge.Key, edge => NotBack(edge.Value), StringComparer.Ordinal);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            PresenceLog.NotRead(logger, _path, e.Message);
        }

        return ImmutableDictionary<string, EdgePresence>.Empty;
    }

    /// <summary>Writes everything. It waits for the disk, so call it on the thread pool.</summary>
    public void Save(ImmutableSortedDictionary<string, EdgePresence> edges)
    {
        try
        {
            var document = new PresenceDocument(PresenceDocument.CurrentVersion, edges);
            files.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(document, PresenceJson.Default.PresenceDocument));
            _isFailing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The fault is logged once and not every minute.
            if (!_isFailing)
                PresenceLog.NotSaved(logger, _path, e.Message);
            _isFailing = true;
        }
    }

    private static EdgePresence NotBack(EdgePresence presence) => presence.Condition == EdgeCondition.Connected
        ? presence with { Condition = EdgeCondition.HubRestart, Detail = "it was connected when the hub stopped, and has not come back" }
        : presence;
}

internal sealed record PresenceDocument(int Version, ImmutableSortedDictionary<string, EdgePresence> Edges)
{
    public const int CurrentVersion = 1;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCaseEnumConverter<EdgeCondition>)])]
[JsonSerializable(typeof(PresenceDocument))]
internal sealed partial class PresenceJson : JsonSerializerContext;
