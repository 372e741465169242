using System.Net;

namespace Tunnel.Hub.Targets;

/// <summary>The addresses of one name, in the resolver's order.</summary>
internal sealed class AddressRunners(IPAddress[] addresses, int port) : IConnectRunners
{
    private int _next;

    public ConnectRunner? Next() =>
        _next < addresses.Length ? new ConnectRunner(new IPEndPoint(addresses[_next++], port), ConnectRace.Stagger) : null;

    public void OnEnded(in ConnectRunner runner, in ConnectOutcome outcome)
    {
    }

    public void OnLost(in ConnectRunner runner)
    {
    }
}
