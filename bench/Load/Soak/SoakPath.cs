using System.Net;

namespace Tunnel.Bench.Load.Soak;

/// <summary>
/// The way of an edge to its hub, which can be disturbed. Cuts and silences wait for each other: one would end another early.
/// </summary>
internal abstract class SoakPath : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Where the edge dials.</summary>
    public abstract IPEndPoint EndPoint { get; }

    /// <summary>How far apart cuts must be for a tunnel to be there between them.</summary>
    public abstract TimeSpan BetweenCuts { get; }

    /// <summary>Returns the path of a transport.</summary>
    public static SoakPath To(IPEndPoint hub, string transport) => transport == "quic" ? new UdpPath(hub) : new TcpPath(hub);

    /// <summary>Ends what carries the tunnel, so that it needs another connection.</summary>
    public async Task CutAsync()
    {
        await _turn.WaitAsync();
        Cut();
        _turn.Release();
    }

    /// <summary>Swallows everything for a while, without closing anything.</summary>
    public async Task SwallowAsync(TimeSpan time)
    {
        await _turn.WaitAsync();
        BeginSwallowing();
        await Task.Delay(time);
        EndSwallowing();
        _turn.Release();
    }

    public virtual void Dispose() => _turn.Dispose();

    protected abstract void Cut();

    protected abstract void BeginSwallowing();

    protected abstract void EndSwallowing();
}
