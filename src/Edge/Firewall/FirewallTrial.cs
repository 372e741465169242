using Tunnel.Shared.Guarding;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// A ruleset that is in force and waits for a new connection to the hub, which confirms it. Used under the controller's lock.
/// </summary>
/// <param name="key">The key of the plan that the hub has asked for, which is noted as rejected when there is no connection.</param>
/// <param name="isRetreat">Whether the hub has asked for what was taken back before, so that what was confirmed is tried.</param>
/// <param name="start">When the trial began, as a timestamp of the controller's clock.</param>
internal sealed class FirewallTrial(string key, bool isRetreat, long start)
{
    private readonly CancellationTokenSource _ended = new();

    public string Key => key;

    public bool IsRetreat => isRetreat;

    /// <summary>What is confirmed; a plan that differs only in the time that blocks last may take the place of the first one.</summary>
    public required FirewallPlan Plan { get; set; }

    /// <summary>What the hubs are told when a connection has succeeded.</summary>
    public required (string State, string[] Errors) Answer { get; set; }

    /// <summary>What became of a firewall that came later and could not be put in force; empty when there was none.</summary>
    public string[] Declined { get; private set; } = [];

    /// <summary>Whether the log knows that it could not be taken back.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Cancelled when something else is in force, or the edge stops.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Tries a new connection until one succeeds or the time has passed; when it has already, once.</summary>
    /// <returns>Why there is none; null when there is one.</returns>
    public async Task<string?> TryHubAsync(IHubProbe probe, TimeProvider time)
    {
        while (true)
        {
            string? fault = null;
            var defect = await Defects.TryAsync("trying the hub", async () => fault = await probe.TryAsync(Ended), Ended);
            fault = defect is null ? fault : $"unexpected fault: {defect.Message}";
            if (fault is null || time.GetElapsedTime(start) + FirewallController.RetryPause >= FirewallController.ConfirmLimit)
                return fault;
            await Task.Delay(FirewallController.RetryPause, time, Ended);
        }
    }

    /// <summary>Notes that a later firewall was declined: the hubs' last word is about that one, and the trial goes on.</summary>
    public void Decline(string state, string[] errors)
    {
        Answer = (state, errors);
        Declined = errors;
    }

    // The source is not disposed, because the task may still read the token.
    public void End() => _ended.Cancel();
}

/// <summary>A firewall that was taken back because it cut off the hub.</summary>
/// <param name="Key">The plan's <see cref="FirewallPlan.Key"/>.</param>
/// <param name="Why">What the hub is told about it.</param>
internal sealed record RejectedFirewall(string Key, string Why);
