using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Edges.Allowed;

/// <summary>
/// Strong entity tags (RFC 9110, section 8.8.3) of what the operator wrote, so that two writers at once can't undo each other's work
/// unnoticed. They are hashes of the content: a restart of the hub does not change them, and a secret is never part of them.
/// </summary>
internal static class EntityTags
{
    private const int Bytes = 16;

    /// <summary>Returns the tag of one edge, in quotes.</summary>
    public static string Of(EdgeDefinition edge)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(edge with { Ports = EdgeDefinition.NoPorts }, EdgeJson.Default.EdgeDefinition));

        // Ports are hashed one by one in a fixed order, because a dictionary's own order differs in every process.
        foreach (var (key, policy) in edge.Ports.OrderBy(port => port.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{key}\n"));
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(policy, EdgeJson.Default.PortPolicyDefinition));
        }

        return Quote(hash);
    }

    /// <summary>Returns the tag of a set, in quotes.</summary>
    public static string Of(IEnumerable<AllowedEdge> edges)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var edge in edges.OrderBy(edge => edge.Id, StringComparer.Ordinal))
            hash.AppendData(Encoding.ASCII.GetBytes(edge.Tag));
        return Quote(hash);
    }

    private static string Quote(IncrementalHash hash) => $"\"{Base64Url.EncodeToString(hash.GetHashAndReset().AsSpan(0, Bytes))}\"";
}
