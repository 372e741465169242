using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Dials over the transports that the mode allows. With fallback, QUIC is tried first and has 5 s, because a network that does not let it
/// through must not keep the edge from its hub. A hub that answered with a wrong certificate, or that refused the secret, is not asked
/// again over TLS: otherwise, whoever can block UDP could choose which transport's checks apply.
/// </summary>
internal sealed class TransportSelector
{
    /// <summary>The limit for a whole QUIC dial when TLS can take its place.</summary>
    internal static readonly TimeSpan QuicDeadline = TimeSpan.FromSeconds(5);

    private readonly IHubDialer _first;
    private readonly IHubDialer? _fallback;
    private readonly TransportChoice _choice;
    private readonly QuicReturn _return;
    private readonly TransportRace _race;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private TransportSelector(IHubDialer first, IHubDialer? fallback, TransportChoice choice, TimeProvider time, ILogger logger)
    {
        (_first, _fallback, _choice, _time, _logger) = (first, fallback, choice, time, logger);
        _return = new QuicReturn(time);
        _race = new TransportRace(time);
    }

    /// <summary>Creates a selector with one transport and no other.</summary>
    /// <param name="dialer">The dialer of that transport.</param>
    /// <param name="choice">Why that transport is used.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public static TransportSelector Only(IHubDialer dialer, TransportChoice choice, TimeProvider time, ILogger logger) =>
        new(dialer, null, choice, time, logger);

    /// <summary>Creates a selector that waits for a hub that dials.</summary>
    public static TransportSelector Awaiting(IHubDialer awaiter, TimeProvider time, ILogger logger) =>
        new(awaiter, null, TransportChoice.Configured, time, logger) { WaitsForHub = true };

    /// <summary>Creates a selector that tries QUIC, and TLS where QUIC does not get through.</summary>
    public static TransportSelector WithFallback(IHubDialer quic, IHubDialer tls, TimeProvider time, ILogger logger) =>
        new(quic, tls, TransportChoice.Preferred, time, logger);

    /// <summary>Whether a tunnel over <paramref name="kind"/> is used only because QUIC did not get through.</summary>
    public bool PrefersOtherThan(TransportKind kind) => _fallback is not null && kind != TransportKind.Quic;

    /// <summary>Whether the hub makes the connections, so that how long one takes says nothing of the path.</summary>
    public bool WaitsForHub { get; private init; }

    /// <summary>Notes that this machine's addresses, or its way to the network, have changed, so that QUIC may get through now.</summary>
    public void OnNetworkChanged() => _return.OnNetworkChanged();

    /// <summary>Does one round of dialling.</summary>
    public async Task<DialOutcome> DialAsync(int port, DialRequest template, CancellationToken cancellationToken)
    {
        if (_fallback is null)
            return new DialOutcome(await _first.DialAsync(port, template, cancellationToken), _choice);
        var quic = await DialQuicAsync(port, template, cancellationToken);
        if (quic.Failure is not { } failure || FallbackReason(failure.Kind) is not { } reason)
            return new DialOutcome(quic, _choice);

        return InsteadOfQuic(await _fallback.DialAsync(port, template, cancellationToken), new TransportChoice(reason, failure.Message));
    }

    /// <summary>
    /// Does one round of dialling for a tunnel over QUIC that does not answer. Its clients wait, so TLS is not kept back until QUIC has had
    /// its time.
    /// </summary>
    public async Task<DialOutcome> DialBesideQuicAsync(int port, DialRequest template, CancellationToken cancellationToken)
    {
        if (_fallback is null)
            return await DialAsync(port, template, cancellationToken);
        var (quic, tls) = await _race.RunAsync(
            token => DialQuicAsync(port, template, token), token => _fallback.DialAsync(port, template, token),
            static kind => FallbackReason(kind) is not null, cancellationToken);
        if (tls is null)
            return new DialOutcome(quic!, _choice);
        var choice = quic?.Failure is { } failure
            ? new TransportChoice(FallbackReason(failure.Kind)!.Value, failure.Message)
            : new TransportChoice(
                TransportReason.QuicTimedOut, $"{template.HostName} answered over TLS, but not over QUIC: is UDP port {port} let through?");
        return InsteadOfQuic(tls, choice);
    }

    /// <summary>Does one round of dialling over the transport that a tunnel has.</summary>
    public async Task<DialOutcome> DialSameAsync(TransportKind kind, DialRequest template, CancellationToken cancellationToken)
    {
        var dialer = PrefersOtherThan(kind) ? _fallback! : _first;
        return new DialOutcome(await dialer.DialAsync(template.Address.Port, template, cancellationToken), _choice);
    }

    /// <summary>Tries QUIC now and then (<see cref="QuicReturn"/>) until there is a tunnel over it.</summary>
    public async Task<DialOutcome> AwaitQuicAsync(int port, Func<DialRequest> template, CancellationToken cancellationToken)
    {
        while (true)
        {
            var isChange = await _return.WaitAsync(cancellationToken);
            var result = await TryQuicAsync(template, port, QuicReturn.Interval, cancellationToken);
            if (result?.Tunnel is not null)
                return new DialOutcome(result, TransportChoice.Preferred);
            if (result?.Failure is not { } failure)
                continue;
            if (isChange)
                TransportChoiceLog.QuicFailsAfterChange(_logger, failure.Kind, failure.Message);
            else
                TransportChoiceLog.QuicStillFails(_logger, failure.Kind, failure.Message, QuicReturn.Interval.TotalMinutes);
        }
    }

    /// <summary>Tries QUIC at once and again and again until there is a tunnel over it, since one over TLS does not come back.</summary>
    /// <param name="template">Makes the request of each dial.</param>
    /// <param name="pause">The time from one try to the next.</param>
    /// <param name="cancellationToken">Ends the tries.</param>
    public async Task<DialOutcome> InsistOnQuicAsync(Func<DialRequest> template, TimeSpan pause, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await TryQuicAsync(template, port: null, pause, cancellationToken);
            if (result?.Tunnel is not null)
                return new DialOutcome(result, TransportChoice.Preferred);
            await Task.Delay(pause, _time, cancellationToken);
        }
    }

    // A bug in the attempt over QUIC must harm no tunnel over TLS, nor keep one from coming back: it is logged, and null is returned.
    private async Task<DialResult?> TryQuicAsync(
        Func<DialRequest> template, int? port, TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            var request = template();
            return await DialQuicAsync(port ?? request.Address.Port, request, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            TransportChoiceLog.QuicFaulted(_logger, e, pause.TotalMinutes);
            return null;
        }
    }

    private async Task<DialResult> DialQuicAsync(int port, DialRequest template, CancellationToken cancellationToken)
    {
        _return.OnTry();
        using var deadline = new CancellationTokenSource(QuicDeadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await _first.DialAsync(port, template, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return DialResult.Failed(DialFailureKind.Timeout,
                $"{template.HostName} did not answer over QUIC within {QuicDeadline.TotalSeconds:0} s: is UDP port {port} let through?");
        }
    }

    private static DialOutcome InsteadOfQuic(DialResult tls, TransportChoice choice) => tls.Failure is { } both
        ? new DialOutcome(DialResult.Failed(both.Kind, $"{both.Message} (over QUIC before: {choice.Detail})"), choice)
        : new DialOutcome(tls, choice);

    /// <summary>Returns why TLS takes over; null when the hub has answered and another transport would change nothing.</summary>
    private static TransportReason? FallbackReason(DialFailureKind kind) => kind switch
    {
        DialFailureKind.Timeout => TransportReason.QuicTimedOut,
        DialFailureKind.Unreachable => TransportReason.QuicUnreachable,
        DialFailureKind.TlsFailed or DialFailureKind.ProtocolError => TransportReason.QuicFailed,
        _ => null,
    };
}
