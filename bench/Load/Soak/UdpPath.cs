using System.Net;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Bench.Load.Soak;

/// <summary>
/// The path of QUIC: nothing tells that it is cut, so that the edge has to notice, which takes 6 s, before it makes another connection.
/// </summary>
internal sealed class UdpPath(IPEndPoint hub) : SoakPath
{
    private readonly UdpRelay _relay = new(hub);

    public override IPEndPoint EndPoint => _relay.EndPoint;

    public override TimeSpan BetweenCuts => TimeSpan.FromSeconds(20);

    /// <summary>Gives the edge another address, as the hub sees it, which the tunnel outlives.</summary>
    public void ChangeAddress() => _relay.Rebind();

    public override void Dispose()
    {
        _relay.Dispose();
        base.Dispose();
    }

    protected override void Cut() => _relay.Forget();

    protected override void BeginSwallowing() => _relay.IsSilent = true;

    protected override void EndSwallowing() => _relay.IsSilent = false;
}
