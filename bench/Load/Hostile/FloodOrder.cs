using System.Net;
using System.Text.Json.Serialization;

namespace Tunnel.Bench.Load.Hostile;

/// <summary>Tells the program that floods what to do; it gets this when it is started.</summary>
internal sealed record FloodOrder
{
    /// <summary>The flood's name, one that <see cref="FloodProgram"/> knows.</summary>
    public required string Kind { get; init; }

    /// <summary>Whether a flood through a tunnel goes over QUIC; else it goes over TLS.</summary>
    public required bool IsQuic { get; init; }

    /// <summary>The hub's tunnel port.</summary>
    public required string Hub { get; init; }

    /// <summary>The edge that the flood comes from; its secret is valid.</summary>
    public required string EdgeId { get; init; }

    public required string Secret { get; init; }

    /// <summary>The address at which an honest edge listens.</summary>
    public required string Edge { get; init; }

    /// <summary>The address at which that edge awaits its hub, in the row where the hub dials it.</summary>
    public required int DialPort { get; init; }

    /// <summary>A port of both edges whose upstream accepts connections and closes them at once.</summary>
    public required int ClosingPort { get; init; }

    /// <summary>A port of both edges whose upstream sends without end.</summary>
    public required int SourcePort { get; init; }

    /// <summary>A port of both edges whose upstream keeps connections open.</summary>
    public required int OpenPort { get; init; }

    /// <summary>A UDP port of both edges whose upstream answers nothing.</summary>
    public required int UdpPort { get; init; }

    /// <summary>The address at which a hostile hub listens, for an edge that takes it for its hub.</summary>
    public required string HostileHub { get; init; }

    /// <summary>The hub's admin socket.</summary>
    public required string AdminSocket { get; init; }

    [JsonIgnore]
    public IPEndPoint HubEndPoint => IPEndPoint.Parse(Hub);

    [JsonIgnore]
    public IPEndPoint HostileHubEndPoint => IPEndPoint.Parse(HostileHub);

    [JsonIgnore]
    public IPAddress EdgeAddress => IPAddress.Parse(Edge);
}
