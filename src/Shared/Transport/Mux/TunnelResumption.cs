using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// What a tunnel does to go on over another connection (protocol.md section 8). The connection comes as a tunnel of its own, which asks (at
/// the edge) or was asked (at the hub) whether it takes a lost one's place. If it does, it is handed over as it is: behind RESUME, both
/// ends belong to the tunnel that had lost its connection.
/// </summary>
/// <param name="tunnel">The tunnel.</param>
/// <param name="changing">Held while it passes from one connection to another.</param>
/// <param name="handler">Its owner.</param>
internal sealed class TunnelResumption(MuxTunnel tunnel, SemaphoreSlim changing, ITunnelHandler handler)
{
    /// <summary>How long the hub may take to answer, after the handshake.</summary>
    internal static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<Answer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _readsOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Hello? _hello;
    private TunnelConfig? _early;
    private volatile bool _asks;

    /// <summary>Edge: the tunnel's name; empty when the hub has given none.</summary>
    public string TunnelId { get; set; } = "";

    /// <summary>Edge: true while it is not known whether this connection is a tunnel of its own.</summary>
    public bool IsAsking => _asks;

    private MuxCore Core => tunnel.Core;

    // ---- the tunnel that has lost its connection

    /// <summary>Does what <see cref="ITunnel.ResumeOverAsync"/> says.</summary>
    public async Task<ResumeOutcome> ResumeOverAsync(MuxTunnel other, CancellationToken cancellationToken)
    {
        if (!Core.Kept.IsOn || !other.Core.Kept.IsOn || TunnelId.Length == 0)
            return ResumeOutcome.NotPossible;
        await changing.WaitAsync(cancellationToken);
        try
        {
            var outcome = await TryResumeOverAsync(other, cancellationToken);
            if (outcome == ResumeOutcome.Failed)
                await other.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "it could not take a lost connection's place"));
            return outcome;
        }
        catch (OperationCanceledException)
        {
            await other.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "it is not needed any more"));
            throw;
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Does what <see cref="ITunnel.AcceptResumeAsync"/> says.</summary>
    public async Task<ResumeOutcome> AcceptAsync(MuxTunnel other, ResumePoint peer)
    {
        await changing.WaitAsync();
        try
        {
            // A lie harms only the connection that it came over.
            tunnel.Endpoint.Change.CanResume(peer);
            var cause = new TunnelEnd(TunnelEndKind.ConnectionLost, "its edge came back over another connection");
            if (await tunnel.Links.DetachAsync(cause) is not { } own || !tunnel.Endpoint.Change.CanResume(peer))
                return ResumeOutcome.Refused;
            lock (other.Core.Sync)
                other.Core.Link.ResumeAndStop(own.Write());
            other.Core.Wake();
            return await TakeOverAsync(other, peer);
        }
        catch (FormatException e)
        {
            other.Break($"RESUME: {e.Message}");
            return ResumeOutcome.Failed;
        }
        finally
        {
            changing.Release();
        }
    }

    // ---- the connection that asks, or that was asked

    /// <summary>Hub: keeps a HELLO that names a tunnel until RESUME has come.</summary>
    /// <returns>False when it names none, or resuming is not agreed.</returns>
    public bool TryHold(Hello hello)
    {
        if (hello.Resume is null || (tunnel.Features & TunnelFeatures.Resume) == 0)
            return false;
        _hello = hello;
        return true;
    }

    /// <summary>Edge: keeps a configuration that comes before it is known that this is a tunnel of its own.</summary>
    /// <returns>False when that is known.</returns>
    public bool TryHold(TunnelConfig config)
    {
        if (!_asks)
            return false;
        _early = config;
        return true;
    }

    /// <summary>Handles RESUME.</summary>
    /// <returns>What is wrong with it at this time, or null.</returns>
    public string? OnResume(ResumePoint? point)
    {
        if (_asks && !_answer.Task.IsCompleted)
        {
            Core.StopsReading = true;
            _answer.TrySetResult(new Answer(point));
            return null;
        }

        if (_hello is not { Resume: { } resume } hello)
        {
            if (point is not null)
                return "nobody has asked for it";
            Core.IsPeerFinal = true;
            return null;
        }

        if (point is null)
            return "it says nothing of the tunnel that HELLO names";
        _hello = null;
        Core.StopsReading = true;
        ((IHubTunnelHandler)handler).OnHello(tunnel, hello with { Resume = resume with { Point = point } });
        return null;
    }

    /// <summary>Completes when it is known whether this tunnel reads on after it has stopped.</summary>
    public Task<bool> ReadsOnAsync() => Core.IsDetached || Core.IsDead ? Task.FromResult(false) : _readsOn.Task;

    /// <summary>Does what <see cref="ITunnel.RefuseResume"/> says.</summary>
    public void Refuse()
    {
        lock (Core.Sync)
        {
            Core.Link.Resume([.. ResumePoint.None]);
            Core.StopsReading = false;
        }

        Core.Wake();
        _readsOn.TrySetResult(true);
    }

    /// <summary>Edge: after a refusal, goes on as a tunnel of its own.</summary>
    /// <returns>False when nobody has asked: the tunnel is still to be started.</returns>
    public bool TryGoOnAlone()
    {
        if (!_asks)
            return false;
        _asks = false;
        if (_early is { } config)
            ((IEdgeTunnelHandler)handler).OnConfig(tunnel.Facade, config);
        lock (Core.Sync)
        {
            Core.Speak();
            Core.StopsReading = false;
        }

        Core.Wake();
        _readsOn.TrySetResult(true);
        return true;
    }

    /// <summary>Notes that this tunnel is over, or that its connection is another's now.</summary>
    public void OnEnded()
    {
        _answer.TrySetResult(new Answer(null) { IsLost = true });
        _readsOn.TrySetResult(false);
    }

    private async Task<ResumeOutcome> TryResumeOverAsync(MuxTunnel other, CancellationToken cancellationToken)
    {
        if (!tunnel.IsLost && !tunnel.IsInDoubt)
            return ResumeOutcome.Failed;
        if (await tunnel.Links.DetachAsync(new TunnelEnd(TunnelEndKind.Timeout, "the hub does not answer")) is not { } own)
            return ResumeOutcome.Failed;
        var answer = await other.Resumption.AskAsync(new ResumeHello(TunnelId) { Point = own }, cancellationToken);
        if (answer is null or { IsLost: true })
            return ResumeOutcome.Failed;
        if (answer.Point is not { } peer)
            return ResumeOutcome.Refused;
        try
        {
            return tunnel.Endpoint.Change.CanResume(peer) ? await TakeOverAsync(other, peer) : ResumeOutcome.Failed;
        }
        catch (FormatException e)
        {
            other.Break($"RESUME: {e.Message}");
            return ResumeOutcome.Failed;
        }
    }

    private async Task<ResumeOutcome> TakeOverAsync(MuxTunnel other, ResumePoint peer) =>
        await other.Links.HandToAsync(tunnel) is { } link && tunnel.Links.TryAdopt(link, peer)
            ? ResumeOutcome.Resumed
            : ResumeOutcome.Failed;

    /// <returns>The hub's answer; null when none came in time.</returns>
    private async Task<Answer?> AskAsync(ResumeHello resume, CancellationToken cancellationToken)
    {
        _asks = true;
        tunnel.Begin(resume);
        try
        {
            return await _answer.Task.WaitAsync(AnswerTimeout, Core.Context.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <param name="Point">What the hub says of its end; null when it keeps nothing.</param>
    private sealed record Answer(ResumePoint? Point)
    {
        /// <summary>True when the connection ended before it came.</summary>
        public bool IsLost { get; init; }
    }
}
