using System.Net;

namespace Tunnel.Bench.Load.Peers;

/// <summary>Has no tunnel at all: its figures are what the machine can do.</summary>
internal sealed class Direct : IPeer
{
    public string Name => "direct";

    public bool CarriesUdp => true;

    public IPAddress Address => IPAddress.Loopback;

    public ProcessGroup? Processes => null;

    public Task StartAsync(Workplace place, Targets targets) => Task.CompletedTask;

    public void Dispose()
    {
    }
}
