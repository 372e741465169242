using System.Net;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Bench.Load.Soak;

/// <summary>The path of TLS: connections are reset, also those that were silent for a while.</summary>
internal sealed class TcpPath(IPEndPoint hub) : SoakPath
{
    private readonly TcpRelay _relay = new(hub);
    private int _cut;

    public override IPEndPoint EndPoint => _relay.EndPoint;

    public override TimeSpan BetweenCuts => TimeSpan.FromSeconds(1);

    public override void Dispose()
    {
        _relay.Dispose();
        base.Dispose();
    }

    protected override void Cut()
    {
        for (; _cut < _relay.Count; _cut++)
            _relay.Cut(_cut);
    }

    protected override void BeginSwallowing()
    {
        for (var index = _cut; index < _relay.Count; index++)
            _relay.Silence(index);
    }

    protected override void EndSwallowing() => Cut();
}
