using System.Collections.Immutable;
using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Reads the member <c>ports</c> of a configuration (protocol.md section 2.3).</summary>
internal static class EdgePortPolicyParser
{
    // A hub assigns at most 1,000 ports; and 20,000 blocks at most, which all policies share.
    private const int MaxPolicies = 4096;
    private const int MaxBlocks = 65_536;
    private const int MaxKeyLength = 16;

    private static readonly MessageMembers Members = new(
        "ports.", "bindAddress", "acceptProxyProtocol", "trustedProxies", "allowCidrs", "denyCidrs", "maxConnections", "maxConnectionsPerIp",
        "newConnectionsPerSecondPerIp", "newConnectionsBurst", "idleTimeout", "uploadRate", "logConnections");

    public static ImmutableSortedDictionary<string, EdgePortPolicy> Read(ref MessageReader reader)
    {
        var policies = ImmutableSortedDictionary.CreateBuilder<string, EdgePortPolicy>(StringComparer.Ordinal);
        var blocks = 0;
        while (reader.NextEntry("ports", MaxKeyLength, out var key))
        {
            if (policies.Count == MaxPolicies)
                throw new FormatException($"ports: more than {MaxPolicies} entries");
            if (!reader.IsObject)
                throw new FormatException($"ports: {reader.Value()} is not an object");
            policies[key] = ReadPolicy(ref reader, ref blocks);
        }

        return policies.ToImmutable();
    }

    private static EdgePortPolicy ReadPolicy(ref MessageReader reader, ref int blocks)
    {
        var policy = new EdgePortPolicy();
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            var path = Members.PathOf(member);
            policy = member switch
            {
                "bindAddress" => policy with { BindAddress = ReadAddress(ref reader, path) },
                "acceptProxyProtocol" => policy with { AcceptProxyProtocol = reader.Boolean(path) },
                "trustedProxies" => policy with { TrustedProxies = ReadBlocks(ref reader, path, ref blocks) },
                "allowCidrs" => policy with { AllowCidrs = ReadBlocks(ref reader, path, ref blocks) },
                "denyCidrs" => policy with { DenyCidrs = ReadBlocks(ref reader, path, ref blocks) },
                "maxConnections" => policy with { MaxConnections = ReadCount(ref reader, path) },
                "maxConnectionsPerIp" => policy with { MaxConnectionsPerIp = ReadCount(ref reader, path) },
                "newConnectionsPerSecondPerIp" => policy with { NewConnectionsPerSecondPerIp = ReadCount(ref reader, path) },
                "newConnectionsBurst" => policy with { NewConnectionsBurst = ReadCount(ref reader, path) },
                "idleTimeout" => policy with { IdleTimeout = ReadCount(ref reader, path) },
                "uploadRate" => policy with { UploadRate = ReadCount(ref reader, path) },
                _ => policy with { LogConnections = reader.Boolean(path) },
            };
        }

        return policy;
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
}
