using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Tunnel.Hub.Events;

/// <summary>The names of events: a record's name without "Event", in camelCase.</summary>
internal static class HubEventTypes
{
    private static readonly FrozenDictionary<Type, string> Names = new[]
    {
        typeof(EdgeConnectedEvent),
        typeof(EdgeDisconnectedEvent),
        typeof(TunnelConnectedEvent),
        typeof(TunnelDisconnectedEvent),
        typeof(TunnelLostEvent),
        typeof(TunnelResumedEvent),
        typeof(PortsAssignedEvent),
        typeof(PortsUpdatedEvent),
        typeof(PortsAppliedEvent),
        typeof(PublicIpDiscoveredEvent),
        typeof(FirewallConfigUpdatedEvent),
        typeof(FirewallDriftedEvent),
        typeof(ProxyHeaderDoubtedEvent),
        typeof(TargetUpEvent),
        typeof(TargetDownEvent),
        typeof(AuthorizerUpEvent),
        typeof(AuthorizerDownEvent),
        typeof(CertificateLoadedEvent),
        typeof(CertificateFailedEvent),
        typeof(CertificateExpiringEvent),
        typeof(EdgeConflictEvent),
        typeof(EdgeDialFailedEvent),
        typeof(EdgesChangedEvent),
        typeof(SourceBlockedEvent),
        typeof(SourceUnblockedEvent),
        typeof(CrashRecoveredEvent),
        typeof(CrashRecoveryFailedEvent),
        typeof(StreamOpenedEvent),
        typeof(StreamClosedEvent),
    }.ToFrozenDictionary(type => type, type => JsonNamingPolicy.CamelCase.ConvertName(type.Name[..^"Event".Length]));

    /// <summary>
    /// The names of the events that the API can report, in alphabetical order; nobody can ask a hub that could not start.
    /// </summary>
    public static ImmutableArray<string> All { get; } =
        [.. Names.Values.Where(name => name != Names[typeof(CrashRecoveryFailedEvent)]).Order(StringComparer.Ordinal)];

    /// <summary>The events that come thousands a second and are made only when somebody asks for them.</summary>
    public static ImmutableArray<string> OfStreams { get; } = [Names[typeof(StreamOpenedEvent)], Names[typeof(StreamClosedEvent)]];

    public static string NameOf(HubEvent raised) => Names[raised.GetType()];

    public static bool IsOfStreams(HubEvent raised) => raised is StreamOpenedEvent or StreamClosedEvent;
}
