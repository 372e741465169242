using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>
/// Adds a port to an honest edge by the admin API and takes it away: each time a configuration is pushed, applied and reported.
/// </summary>
internal sealed class ConfigFlood(FloodOrder order) : IFlood
{
    private readonly HubAdmin _admin = new(order.AdminSocket);
    private readonly int _port = Workplace.FreePort();
    private bool _has;

    public int Send(int count)
    {
        for (var done = 0; done < count; done++)
        {
            _has = !_has;
            var edge = HostileWorld.Definition(HostileWorld.Beside, order, _has ? [_port] : []);
            _admin.PutAsync(HostileWorld.Beside, edge).GetAwaiter().GetResult();
        }

        return count;
    }

    public void Dispose() => _admin.Dispose();
}
