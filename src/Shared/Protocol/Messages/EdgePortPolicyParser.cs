using System.Collections.Immutable;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Reads the member <c>ports</c> of a configuration (protocol.md section 2.3).</summary>
internal static class EdgePortPolicyParser
{
    // One policy for each port that an edge may be assigned, and the default.
    private const int MaxPolicies = 16_384 + 1;
    private const int MaxKeyLength = 16;

    private static readonly MessageMembers Members = new("ports.", [.. EdgePortSettings.All.Select(setting => setting.Name)]);

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
            var setting = Array.Find(EdgePortSettings.All, row => row.Name == member)!;
            policy = setting.Read(policy, ref reader, Members.PathOf(member), ref blocks);
        }

        return policy;
    }
}
