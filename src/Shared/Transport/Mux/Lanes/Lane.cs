using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.Transport.Mux.Lanes;

/// <summary>One connection of a tunnel that may have several.</summary>
/// <param name="index">The lane's number; 0 is the first connection, which the tunnel begins and ends with.</param>
/// <param name="mux">The connection.</param>
/// <param name="since">When it joined, in milliseconds of the context's clock.</param>
internal sealed class Lane(int index, MuxTunnel mux, long since)
{
    private int _bulk;
    private bool _isRetiring;

    public int Index => index;

    public MuxTunnel Mux => mux;

    public long Since => since;

    /// <summary>True when the lane gets no new streams and is closed once it is empty. <see cref="LaneKeeper"/> sets it.</summary>
    public bool IsRetiring
    {
        get => Volatile.Read(ref _isRetiring);
        set => Volatile.Write(ref _isRetiring, value);
    }

    /// <summary>True while another connection is dialled for it. <see cref="LaneKeeper"/> sets it.</summary>
    public bool IsReviving { get; set; }

    /// <summary>The number of streams that moved bulk when they were last counted.</summary>
    public int Bulk => Volatile.Read(ref _bulk);

    /// <summary>True while it is to go on within the first lane. <see cref="LaneKeeper"/> sets it.</summary>
    public bool IsMadeCarried { get; set; }

    /// <summary>True when it got no other connection and goes on within the first lane, from where its streams have to leave.</summary>
    public bool IsCarried => mux.Links.Current.Connection is CarriedConnection;

    /// <summary>True when the lane has lost its connection, or the hub does not answer on it.</summary>
    public bool NeedsConnection => mux.IsLost || mux.IsInDoubt;

    /// <summary>True when streams of other lanes may go on here.</summary>
    public bool IsRefuge => !IsRetiring && !NeedsConnection;

    /// <summary>True when no stream or session is open on it.</summary>
    public bool IsEmpty => mux.ActiveStreams == 0 && mux.ActiveSessions == 0;

    /// <summary>Returns the lane's present load. <see cref="CountBulk"/> must have been called before.</summary>
    /// <param name="isExtra">True when the lanes before it are as many as are always kept.</param>
    public LaneLoad GetLoad(bool isExtra)
    {
        var queues = mux.Queues;
        var ready = queues.NormalFlows + queues.SustainedFlows;
        var unsent = mux.UnsentInKernel + queues.ControlBytes + queues.DatagramBytes + (ready * TierScheduler.Quantum);
        return new LaneLoad(Bulk, unsent, mux.ActiveStreams + mux.ActiveSessions, isExtra, !IsRefuge);
    }

    /// <summary>Counts the streams that move bulk; to be called every <see cref="BulkMeter.Period"/>.</summary>
    public int CountBulk()
    {
        int bulk;
        lock (mux.Core.Sync)
            bulk = mux.Endpoint.Streams.Active.CountBulk(mux.Core.Context.NowMilliseconds);
        Volatile.Write(ref _bulk, bulk);
        return bulk;
    }

    /// <summary>
    /// Returns the numbers of streams that should leave the lane: all when it is retiring, else those that wait behind bulk.
    /// </summary>
    /// <param name="most">The most that are returned.</param>
    public uint[] FindLeaving(int most)
    {
        lock (mux.Core.Sync)
        {
            var streams = mux.Endpoint.Streams;
            var leaving = IsRetiring ? streams.All.Select(static stream => stream.Id) : Bulk > 0 ? streams.Active.Light() : [];
            return [.. leaving.Take(most)];
        }
    }
}
