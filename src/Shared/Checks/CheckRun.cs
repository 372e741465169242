namespace Tunnel.Shared.Checks;

/// <summary>Runs checks one after the other, since what an early one finds saves the later ones from guessing.</summary>
/// <param name="checks">The checks, in order.</param>
/// <param name="time">The clock for their time limit.</param>
public sealed class CheckRun<TContext>(IReadOnlyList<ICheck<TContext>> checks, TimeProvider time)
{
    /// <summary>The time limit of one check; those that wait for a network have shorter limits of their own.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    /// <summary>Runs all checks.</summary>
    public async Task<CheckReport> RunAsync(TContext context, CancellationToken cancellationToken)
    {
        var results = new List<CheckResult>();
        foreach (var check in checks)
            results.Add(await RunAsync(check, context, cancellationToken).ConfigureAwait(false) with { Subject = check.Subject });
        return CheckReport.Of(results);
    }

    private async Task<CheckResult> RunAsync(ICheck<TContext> check, TContext context, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await check.RunAsync(context, either.Token).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new CheckResult(
                check.Name, CheckStatus.Failed, $"no result within {Limit.TotalSeconds:0} s", "run it again; if it stays so, report it");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new CheckResult(check.Name, CheckStatus.Failed, $"the check itself failed: {e.Message}", "report it");
        }
    }
}
