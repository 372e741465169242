using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// The settings of a port that are applied at the edge: one row for each says how it is written and read (protocol.md section 2.3, member
/// <c>ports</c>). A hub has the same row in its table of all settings.
/// </summary>
internal static class EdgePortSettings
{
    // The hub sends at most 20,000 blocks, which all policies share.
    private const int MaxBlocks = 65_536;

    /// <summary>All rows, in the order in which they are written.</summary>
    public static readonly EdgePortSetting[] All =
    [
        new(
            "bindAddress",
            (policy, ref json, path, ref _) => policy with { BindAddress = ReadAddress(ref json, path) },
            (json, name, policy) => Write(json, name, policy.BindAddress?.ToString())),
        new(
            "acceptProxyProtocol",
            (policy, ref json, path, ref _) => policy with { AcceptProxyProtocol = json.Boolean(path) },
            (json, name, policy) => Write(json, name, policy.AcceptProxyProtocol))
        {
            Without = policy => policy with { AcceptProxyProtocol = false },
        },
        new(
            "trustedProxies",
            (policy, ref json, path, ref blocks) => policy with { TrustedProxies = ReadBlocks(ref json, path, ref blocks) },
            (json, name, policy) => Write(json, name, policy.TrustedProxies))
        {
            Without = policy => policy with { TrustedProxies = null },
        },
        new(
            "allowCidrs",
            (policy, ref json, path, ref blocks) => policy with { AllowCidrs = ReadBlocks(ref json, path, ref blocks) },
            (json, name, policy) => Write(json, name, policy.AllowCidrs)),
        new(
            "denyCidrs",
            (policy, ref json, path, ref blocks) => policy with { DenyCidrs = ReadBlocks(ref json, path, ref blocks) },
            (json, name, policy) => Write(json, name, policy.DenyCidrs)),
        new(
            "maxConnections",
            (policy, ref json, path, ref _) => policy with { MaxConnections = ReadCount(ref json, path) },
            (json, name, policy) => Write(json, name, policy.MaxConnections)),
        new(
            "maxConnectionsPerIp",
            (policy, ref json, path, ref _) => policy with { MaxConnectionsPerIp = ReadCount(ref json, path) },
            (json, name, policy) => Write(json, name, policy.MaxConnectionsPerIp)),
        new(
            "newConnectionsPerSecondPerIp",
            (policy, ref json, path, ref _) => policy with { NewConnectionsPerSecondPerIp = ReadCount(ref json, path) },
            (json, name, policy) => Write(json, name, policy.NewConnectionsPerSecondPerIp)),
        new(
            "newConnectionsBurst",
            (policy, ref json, path, ref _) => policy with { NewConnectionsBurst = ReadCount(ref json, path) },
            (json, name, policy) => Write(json, name, policy.NewConnectionsBurst)),
        new(
            "adaptive",
            (policy, ref json, path, ref _) => policy with { Adaptive = ReadCount(ref json, path) },
            (json, name, policy) => Write(json, name, policy.Adaptive))
        {
            Without = policy => policy with { Adaptive = null },
        },
        new(
            "idleTimeout",
            (policy, ref json, path, ref _) => policy with { IdleTimeout = ReadCount(ref json, path) },
            (json, name, policy) => Write(json, name, policy.IdleTimeout)),
        new(
            "uploadRate",
            (policy, ref json, path, ref _) => policy with { UploadRate = ReadCount(ref json, path) },
            (json, name, policy) => Write(json, name, policy.UploadRate)),
        new(
            "amplificationGuard",
            (policy, ref json, path, ref _) => policy with { AmplificationGuard = json.Boolean(path) },
            WriteGuard),
        new(
            "logConnections",
            (policy, ref json, path, ref _) => policy with { LogConnections = json.Boolean(path) },
            (json, name, policy) => Write(json, name, policy.LogConnections)),
    ];

    // This is the only setting that is in force when it is not written.
    private static void WriteGuard(Utf8JsonWriter json, string name, EdgePortPolicy policy)
    {
        if (!policy.AmplificationGuard)
            json.WriteBoolean(name, false);
    }

    private static int ReadCount(ref MessageReader reader, string path) => (int)reader.Number(path, 1, int.MaxValue);

    private static IPAddress ReadAddress(ref MessageReader reader, string path) =>
        IpRange.TryParse(reader.Text(path, IpRange.MaxTextLength), out var block, out _) && block.First == block.Last
            ? block.FirstAddress
            : throw new FormatException($"{path}: {reader.Value()} is not an address");

    private static CidrSet ReadBlocks(ref MessageReader reader, string path, ref int total)
    {
        var set = ImmutableArray.CreateBuilder<IpRange>();
        reader.BeginArray(path);
        while (reader.NextItem(path, set.Count, CidrSet.MaxCount))
        {
            if (++total > MaxBlocks)
                throw new FormatException($"{path}: more than {MaxBlocks} CIDRs in all policies");
            if (!IpRange.TryParse(reader.Text(path, IpRange.MaxTextLength), out var block, out var error))
                throw new FormatException($"{path}: {reader.Value()} {error}");
            set.Add(block);
        }

        return new CidrSet(set.ToImmutable());
    }

    private static void Write(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }

    private static void Write(Utf8JsonWriter json, string name, bool value)
    {
        if (value)
            json.WriteBoolean(name, true);
    }

    private static void Write(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
    }

    private static void Write(Utf8JsonWriter json, string name, CidrSet? value)
    {
        if (value is null)
            return;
        json.WriteStartArray(name);
        foreach (var block in value)
            json.WriteStringValue(block.ToString());
        json.WriteEndArray();
    }
}

/// <summary>One setting of a port on the wire.</summary>
/// <param name="Name">The member's name.</param>
/// <param name="Read">Adds the member's value to what was read so far; throws as <see cref="MessageReader"/> does.</param>
/// <param name="Write">Writes the member, unless it sets nothing.</param>
internal sealed record EdgePortSetting(string Name, EdgePortSetting.Reader Read, Action<Utf8JsonWriter, string, EdgePortPolicy> Write)
{
    /// <summary>Reads the value at the reader's present position.</summary>
    /// <param name="policy">The policy as read so far.</param>
    /// <param name="json">The message.</param>
    /// <param name="path">The member's name, for an error text.</param>
    /// <param name="blocks">The number of CIDRs in all policies so far; the limit is on their total.</param>
    public delegate EdgePortPolicy Reader(EdgePortPolicy policy, ref MessageReader json, string path, ref int blocks);

    /// <summary>Removes the setting from a policy; null for a setting that UDP ports have too.</summary>
    public Func<EdgePortPolicy, EdgePortPolicy>? Without { get; init; }
}
