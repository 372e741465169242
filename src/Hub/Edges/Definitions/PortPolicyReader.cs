using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Reads the policy of a port as operators write it, reporting every fault.</summary>
internal static class PortPolicyReader
{
    private const string NotYetSupported = "is not supported by this version; remove it";

    private static readonly ObjectReader<PortPolicyDefinition> Policy = new(
        "{\"targetHost\": \"10.0.0.5\", \"targetPort\": 8443}",
        new("name", (policy, value) => policy with { Name = value.Text() }),
        new("enabled", (policy, value) => policy with { Enabled = value.Boolean() }),
        new("notes", (policy, value) => policy with { Notes = value.Text() }),
        new("targetHost", (policy, value) => policy with { TargetHost = value.Text() }),
        new("targetPort", (policy, value) => policy with { TargetPort = value.Integer() }),
        new("proxyProtocol", (policy, value) => policy with { ProxyProtocol = ReadProxyProtocol(value) }),
        new("udpProxyProtocol", (policy, value) => policy with { UdpProxyProtocol = ReadUdpProxyProtocol(value) }),
        new("connectTimeout", (policy, value) => policy with { ConnectTimeout = value.Integer() }),
        new("idleTimeout", (policy, value) => policy with { IdleTimeout = value.Integer() }),
        new("bindAddress", (policy, value) => policy with { BindAddress = ReadAddress(value) }),
        new("acceptProxyProtocol", (policy, value) => policy with { AcceptProxyProtocol = value.Boolean() }),
        new("trustedProxies", (policy, value) => policy with { TrustedProxies = ReadCidrs(value) }),
        new("allowCidrs", (policy, value) => policy with { AllowCidrs = ReadCidrs(value) }),
        new("denyCidrs", (policy, value) => policy with { DenyCidrs = ReadCidrs(value) }),
        new("allowPrivateSources", (policy, value) => policy with { AllowPrivateSources = value.Boolean() }),
        new("maxConnections", (policy, value) => policy with { MaxConnections = value.Integer() }),
        new("maxConnectionsPerIp", (policy, value) => policy with { MaxConnectionsPerIp = value.Integer() }),
        new("newConnectionsPerSecondPerIp", (policy, value) => policy with { NewConnectionsPerSecondPerIp = value.Integer() }),
        new("newConnectionsBurst", (policy, value) => policy with { NewConnectionsBurst = value.Integer() }),
        new("uploadRate", (policy, value) => policy with { UploadRate = value.Integer() }),
        new("downloadRate", (policy, value) => policy with { DownloadRate = value.Integer() }),
        new("logConnections", (policy, value) => policy with { LogConnections = value.Boolean() }))
    {
        // Named in the product's description; taking them silently would promise a protection that is not there.
        Refused = new Dictionary<string, string> { ["targets"] = NotYetSupported, ["tls"] = NotYetSupported, ["healthCheck"] = NotYetSupported },
    };

    /// <summary>Reads a policy; null where there is no object, with a fault.</summary>
    public static PortPolicyDefinition? Read(WrittenValue value) => Policy.TryRead(value, new PortPolicyDefinition(), out var policy) ? policy : null;

    private static IPAddress? ReadAddress(WrittenValue value)
    {
        var text = value.Json.ValueKind == JsonValueKind.String ? value.Json.GetString()! : "";
        if (IpRange.TryParse(text, out var block, out _) && block.First == block.Last)
            return block.FirstAddress;
        value.Refuse(HostSyntax.FaultOf(text, "must be an IP address of the edge's machine, such as \"203.0.113.10\", \"0.0.0.0\" or \"::\""));
        return null;
    }

    private static CidrSet? ReadCidrs(WrittenValue value)
    {
        if (value.Json.ValueKind != JsonValueKind.Array)
        {
            value.Refuse("must be an array of addresses and CIDRs: [\"192.0.2.7\", \"2001:db8::/32\"]");
            return null;
        }

        var blocks = ImmutableArray.CreateBuilder<IpRange>();
        foreach (var item in value.Items(CidrSet.MaxCount))
        {
            if (item.Source("must be a string") is { } block)
                blocks.Add(block);
        }

        return new CidrSet(blocks.ToImmutable());
    }

    private static ProxyProtocol? ReadProxyProtocol(WrittenValue value) =>
        value.Word(" or ", ("off", ProxyProtocol.Off), ("v1", ProxyProtocol.V1), ("v2", ProxyProtocol.V2));

    private static UdpProxyProtocol? ReadUdpProxyProtocol(WrittenValue value) =>
        value.Word(" or ", ("off", UdpProxyProtocol.Off), ("first", UdpProxyProtocol.First), ("each", UdpProxyProtocol.Each));
}
