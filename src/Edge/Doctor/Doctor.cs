namespace Tunnel.Edge.Doctor;

/// <summary>Runs checks one after the other: what an early one finds saves the later ones from guessing.</summary>
internal sealed class Doctor(IReadOnlyList<ICheck> checks, TimeProvider time)
{
    /// <summary>For one check; those that wait for a network have shorter limits of their own.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    public async Task<DoctorReport> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        var results = new List<CheckResult>();
        foreach (var check in checks)
            results.Add(await RunAsync(check, context, cancellationToken));
        return DoctorReport.Of(results);
    }

    private async Task<CheckResult> RunAsync(ICheck check, DoctorContext context, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await check.RunAsync(context, either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new CheckResult(check.Name, CheckStatus.Failed, $"no result within {Limit.TotalSeconds:0} s", "run it again; if it stays so, report it");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new CheckResult(check.Name, CheckStatus.Failed, $"the check itself failed: {e.Message}", "report it");
        }
    }
}
