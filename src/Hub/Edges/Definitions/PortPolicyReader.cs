using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Reads the policy of a port as operators write it, reporting every fault.</summary>
internal sealed class PortPolicyReader(FaultList faults, JsonMembers members)
{
    private static readonly string[] Members =
    [
        "name", "enabled", "notes", "targetHost", "targetPort", "proxyProtocol", "udpProxyProtocol", "connectTimeout", "idleTimeout", "bindAddress",
        "acceptProxyProtocol", "trustedProxies", "allowCidrs", "denyCidrs", "allowPrivateSources", "maxConnections", "maxConnectionsPerIp",
        "newConnectionsPerSecondPerIp", "newConnectionsBurst", "uploadRate", "downloadRate", "logConnections",
    ];

    // Named in the product's description; taking them silently would promise a protection that is not there.
    private static readonly HashSet<string> NotYetSupported = ["targets", "tls", "healthCheck"];

    public PortPolicyDefinition? Read(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            faults.Add(path, json, "must be an object: {\"targetHost\": \"10.0.0.5\", \"targetPort\": 8443}");
            return null;
        }

        var policy = new PortPolicyDefinition();
        foreach (var member in json.EnumerateObject())
        {
            var (value, at) = (member.Value, $"{path}.{member.Name}");
            if (value.ValueKind == JsonValueKind.Null && Members.Contains(member.Name))
                continue;
            policy = member.Name switch
            {
                "name" => policy with { Name = members.ReadString(value, at) },
                "enabled" => policy with { Enabled = members.ReadBoolean(value, at) },
                "notes" => policy with { Notes = members.ReadString(value, at) },
                "targetHost" => policy with { TargetHost = members.ReadString(value, at) },
                "targetPort" => policy with { TargetPort = members.ReadInteger(value, at) },
                "proxyProtocol" => policy with { ProxyProtocol = ReadProxyProtocol(value, at) },
                "udpProxyProtocol" => policy with { UdpProxyProtocol = ReadUdpProxyProtocol(value, at) },
                "connectTimeout" => policy with { ConnectTimeout = members.ReadInteger(value, at) },
                "idleTimeout" => policy with { IdleTimeout = members.ReadInteger(value, at) },
                "bindAddress" => policy with { BindAddress = ReadAddress(value, at) },
                "acceptProxyProtocol" => policy with { AcceptProxyProtocol = members.ReadBoolean(value, at) },
                "trustedProxies" => policy with { TrustedProxies = ReadCidrs(value, at) },
                "allowCidrs" => policy with { AllowCidrs = ReadCidrs(value, at) },
                "denyCidrs" => policy with { DenyCidrs = ReadCidrs(value, at) },
                "allowPrivateSources" => policy with { AllowPrivateSources = members.ReadBoolean(value, at) },
                "maxConnections" => policy with { MaxConnections = members.ReadInteger(value, at) },
                "maxConnectionsPerIp" => policy with { MaxConnectionsPerIp = members.ReadInteger(value, at) },
                "newConnectionsPerSecondPerIp" => policy with { NewConnectionsPerSecondPerIp = members.ReadInteger(value, at) },
                "newConnectionsBurst" => policy with { NewConnectionsBurst = members.ReadInteger(value, at) },
                "uploadRate" => policy with { UploadRate = members.ReadInteger(value, at) },
                "downloadRate" => policy with { DownloadRate = members.ReadInteger(value, at) },
                "logConnections" => policy with { LogConnections = members.ReadBoolean(value, at) },
                _ => Refuse(policy, path, member),
            };
        }

        return policy;
    }

    private PortPolicyDefinition Refuse(PortPolicyDefinition policy, string path, JsonProperty member)
    {
        if (NotYetSupported.Contains(member.Name))
            faults.Add($"{path}.{member.Name}", member.Value, "is not supported by this version; remove it");
        else
            members.AddUnknown(path, member, Members);
        return policy;
    }

    private IPAddress? ReadAddress(JsonElement value, string path)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        if (IpRange.TryParse(text, out var block, out _) && block.First == block.Last)
            return block.FirstAddress;
        faults.Add(path, value, HostSyntax.FaultOf(text, "must be an IP address of the edge's machine, such as \"203.0.113.10\", \"0.0.0.0\" or \"::\""));
        return null;
    }

    private CidrSet? ReadCidrs(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            faults.Add(path, value, "must be an array of addresses and CIDRs: [\"192.0.2.7\", \"2001:db8::/32\"]");
            return null;
        }

        if (value.GetArrayLength() > CidrSet.MaxCount)
        {
            faults.Add(path, $"{value.GetArrayLength()} entries", $"must have at most {CidrSet.MaxCount} entries");
            return null;
        }

        var blocks = ImmutableArray.CreateBuilder<IpRange>(value.GetArrayLength());
        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            var error = "must be a string";
            if (item.ValueKind == JsonValueKind.String && IpRange.TryParse(item.GetString()!, out var block, out error))
                blocks.Add(block);
            else
                faults.Add($"{path}[{index}]", item, error);
        }

        return new CidrSet(blocks.ToImmutable());
    }

    private ProxyProtocol? ReadProxyProtocol(JsonElement value, string path)
    {
        switch (value.ValueKind == JsonValueKind.String ? value.GetString() : null)
        {
            case "off":
                return ProxyProtocol.Off;
            case "v1":
                return ProxyProtocol.V1;
            case "v2":
                return ProxyProtocol.V2;
            default:
                faults.Add(path, value, "must be \"off\", \"v1\" or \"v2\"");
                return null;
        }
    }

    private UdpProxyProtocol? ReadUdpProxyProtocol(JsonElement value, string path)
    {
        switch (value.ValueKind == JsonValueKind.String ? value.GetString() : null)
        {
            case "off":
                return UdpProxyProtocol.Off;
            case "first":
                return UdpProxyProtocol.First;
            case "each":
                return UdpProxyProtocol.Each;
            default:
                faults.Add(path, value, "must be \"off\", \"first\" or \"each\"");
                return null;
        }
    }
}
