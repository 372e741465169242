using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Backups;

/// <summary>A backup: the hub's files with their sums, in one JSON document. Whoever has it has the hub's key.</summary>
internal sealed record BackupDocument
{
    public const string FormatName = "tunnel-hub backup";
    public const int CurrentVersion = 1;

    /// <summary>Always <see cref="FormatName"/>: says what the file is.</summary>
    public required string Format { get; init; }

    public required int Version { get; init; }

    /// <summary>When it was made, in UTC.</summary>
    public required DateTimeOffset Made { get; init; }

    /// <summary>The version of the hub that made it.</summary>
    public required string Hub { get; init; }

    public required ImmutableArray<SavedFile> Files { get; init; }

    /// <summary>The content of a file; null when the backup does not have it.</summary>
    public byte[]? ContentOf(string name) => Files.FirstOrDefault(file => file.Name == name)?.Content;

    /// <param name="Name">The name in the state directory.</param>
    /// <param name="Sha256">The SHA-256 of the content, so that a damaged copy is found out.</param>
    /// <param name="Content">What it says.</param>
    public sealed record SavedFile(string Name, byte[] Sha256, byte[] Content);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BackupDocument))]
internal sealed partial class BackupJson : JsonSerializerContext;
