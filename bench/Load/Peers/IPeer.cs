using System.Net;

namespace Tunnel.Bench.Load.Peers;

/// <summary>One way from a client to the targets.</summary>
internal interface IPeer : IDisposable
{
    string Name { get; }

    /// <summary>Whether it carries UDP; else it carries TCP only.</summary>
    bool CarriesUdp { get; }

    /// <summary>The address to which clients connect to reach a target's port.</summary>
    IPAddress Address { get; }

    /// <summary>Its processes on both ends; null for the direct way, which has none.</summary>
    ProcessGroup? Processes { get; }

    /// <summary>The port at <see cref="Address"/> that leads to <paramref name="target"/>.</summary>
    int PortOf(int target) => target;

    Task StartAsync(Workplace place, Targets targets);
}
