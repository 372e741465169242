using System.Text.Json.Serialization;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Json;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>The JSON of the admin API; source-generated, so that only intended types can be answered.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(PortRangeJsonConverter),
        typeof(CamelCaseEnumConverter<EdgeDiffKind>),
        typeof(CamelCaseEnumConverter<EdgeCondition>),
        typeof(CamelCaseEnumConverter<Health>),
        typeof(CamelCaseEnumConverter<TransportKind>),
        typeof(CamelCaseEnumConverter<ConnectionAction>),
        typeof(CamelCaseEnumConverter<ProxyProtocol>),
        typeof(CamelCaseEnumConverter<UdpProxyProtocol>),
        typeof(CamelCaseEnumConverter<Balance>),
        typeof(CamelCaseEnumConverter<HealthCheckType>),
        typeof(CamelCaseEnumConverter<TlsVersion>),
        typeof(CamelCaseEnumConverter<TargetState>),
    ])]
[JsonSerializable(typeof(IEnumerable<EdgeDefinition>))]
[JsonSerializable(typeof(EdgeDefinition))]
[JsonSerializable(typeof(PortPolicyDefinition))]
[JsonSerializable(typeof(EdgeChangeAnswer))]
[JsonSerializable(typeof(AdminKeyAnswer))]
[JsonSerializable(typeof(CertificateStatus))]
[JsonSerializable(typeof(NextCertificateRequest))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(HubAddressRequest))]
[JsonSerializable(typeof(HubAddressStatus))]
[JsonSerializable(typeof(PushSecretRequest))]
[JsonSerializable(typeof(PushSecretAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(IEnumerable<Block>))]
[JsonSerializable(typeof(BlockRequest))]
[JsonSerializable(typeof(AddedBlock))]
[JsonSerializable(typeof(DisconnectAnswer))]
[JsonSerializable(typeof(PortQuestion))]
[JsonSerializable(typeof(PortAnswer))]
[JsonSerializable(typeof(HubStatus))]
[JsonSerializable(typeof(OverviewAnswer))]
[JsonSerializable(typeof(StreamsAnswer))]
[JsonSerializable(typeof(StreamStatsAnswer))]
[JsonSerializable(typeof(ConnectionsAnswer))]
[JsonSerializable(typeof(HistoryAnswer))]
[JsonSerializable(typeof(LoginNeed))]
[JsonSerializable(typeof(KeyAccess))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(LoginLink))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class AdminJson : JsonSerializerContext;
