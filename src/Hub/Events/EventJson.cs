using System.Text.Json.Serialization;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Json;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Events;

/// <summary>The JSON of events for all readers; source-generated, so that only intended types can be written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(CamelCaseEnumConverter<EdgeCondition>),
        typeof(CamelCaseEnumConverter<TransportKind>),
        typeof(CamelCaseEnumConverter<TunnelEndKind>),
        typeof(CamelCaseEnumConverter<ResetReason>),
        typeof(EndPointConverter),
        typeof(PortsConverter),
    ])]
[JsonSerializable(typeof(EdgeConnectedEvent))]
[JsonSerializable(typeof(EdgeDisconnectedEvent))]
[JsonSerializable(typeof(TunnelConnectedEvent))]
[JsonSerializable(typeof(TunnelDisconnectedEvent))]
[JsonSerializable(typeof(TunnelLostEvent))]
[JsonSerializable(typeof(TunnelResumedEvent))]
[JsonSerializable(typeof(PortsAssignedEvent))]
[JsonSerializable(typeof(PortsUpdatedEvent))]
[JsonSerializable(typeof(PortsAppliedEvent))]
[JsonSerializable(typeof(PublicIpDiscoveredEvent))]
[JsonSerializable(typeof(FirewallConfigUpdatedEvent))]
[JsonSerializable(typeof(FirewallDriftedEvent))]
[JsonSerializable(typeof(ProxyHeaderDoubtedEvent))]
[JsonSerializable(typeof(TargetUpEvent))]
[JsonSerializable(typeof(TargetDownEvent))]
[JsonSerializable(typeof(AuthorizerUpEvent))]
[JsonSerializable(typeof(AuthorizerDownEvent))]
[JsonSerializable(typeof(CertificateLoadedEvent))]
[JsonSerializable(typeof(CertificateFailedEvent))]
[JsonSerializable(typeof(CertificateExpiringEvent))]
[JsonSerializable(typeof(EdgeConflictEvent))]
[JsonSerializable(typeof(EdgeDialFailedEvent))]
[JsonSerializable(typeof(EdgesChangedEvent))]
[JsonSerializable(typeof(SourceBlockedEvent))]
[JsonSerializable(typeof(SourceUnblockedEvent))]
[JsonSerializable(typeof(CrashRecoveredEvent))]
[JsonSerializable(typeof(CrashRecoveryFailedEvent))]
[JsonSerializable(typeof(StreamOpenedEvent))]
[JsonSerializable(typeof(StreamClosedEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
