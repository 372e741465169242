using System.Text.Json;

namespace Tunnel.Hub.Edges;

/// <summary>Reads the policy of a port as operators write it, reporting every fault.</summary>
internal sealed class PortPolicyReader(FaultList faults, JsonMembers members)
{
    private static readonly string[] Members =
    [
        "name", "enabled", "notes", "targetHost", "targetPort", "proxyProtocol", "udpProxyProtocol", "connectTimeout", "idleTimeout",
    ];

    // Named in the product's description; taking them silently would promise a protection that is not there.
    private static readonly HashSet<string> NotYetSupported =
    [
        "targets", "acceptProxyProtocol", "trustedProxies", "allowCidrs", "denyCidrs", "allowPrivateSources", "maxConnections",
        "maxConnectionsPerIp", "newConnectionsPerSecondPerIp", "newConnectionsBurst", "uploadRate", "downloadRate", "tls",
        "healthCheck", "logConnections",
    ];

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
