using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Hooks;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>Asks the hooks of an embedding program about a client, one after the other.</summary>
internal sealed class HookStep(HookRunner runner, ILogger logger)
{
    /// <summary>Returns why the client is refused; null when it is not. Throws when the client is gone.</summary>
    public async Task<StreamFailure?> TakeAsync(StreamVisit visit, CancellationToken gone)
    {
        foreach (var hook in runner.Hooks)
        {
            ConnectionContext? context = null;
            var (outcome, decision) = await runner.AskAsync(hook, end => context = Describe(visit, end), gone);
            switch (outcome)
            {
                case HookOutcome.Refused:
                    HookLog.Refused(
                        logger, visit.Port.EdgeId, visit.Port.Port, hook.GetType().Name, decision.Reason!, visit.Id.ToString());
                    return StreamFailure.HookRefused;
                case HookOutcome.TimedOut:
                    return StreamFailure.HookTimeout;
                case HookOutcome.Failed:
                    return StreamFailure.HookFailed;
            }

            if (decision.TargetHost is { } host)
                visit.Target = (host, decision.TargetPort);
            if (context?.Tlvs is { IsEmpty: false } added)
            {
                visit.HasExtra = true;
                visit.Fields = visit.Fields with { Extra = [.. visit.Fields.Extra, .. added] };
            }
        }

        ImmutableArray<IConnectionHook> observers = [.. runner.Hooks.Where(static hook => hook.ObservesData)];
        if (!observers.IsEmpty)
            visit.Observe(endpoint => new ObservedEndpoint(endpoint, visit.Id.ToString(), observers, runner));
        return null;
    }

    private static ConnectionContext Describe(StreamVisit visit, CancellationToken end) => new(
        visit.Id.ToString(), visit.Port.EdgeId, visit.Port.Port, visit.Opening.Source, visit.Opening.Destination, end)
    {
        ServerName = visit.ServerName,
        TlvBytes = visit.Fields.Extra.Sum(static field => ProxyTlvs.HeaderLength + field.Value.Length),
    };
}
