namespace Tunnel.Bench.Load.Peers;

/// <summary>
/// Shows what settings cost: this product without any of them, without resume, with one setting of its ports at a time, and as it was
/// before, whose ports had none. The first is the yardstick of the table.
/// </summary>
internal static class WithFeatures
{
    /// <summary>Returns the functions that make the peers.</summary>
    /// <param name="before">A checkout of an earlier commit with a Release build; null: none.</param>
    public static Func<IPeer>[] Peers(string? before) =>
    [
        .. before is null ? Array.Empty<Func<IPeer>>() : [() => new ThisTunnel("before", static _ => [], before)],
        static () => new ThisTunnel(),
        static () => new ThisTunnel("resumeGrace 0", static _ => []) { EdgeArguments = ["--resume-grace", "0s"] },
        static () => new ThisTunnel("pool", static _ => new()
        {
            ["targets"] = new[] { new { host = "127.0.0.1" } },
            ["balance"] = "leastConnections",
            ["breaker"] = new { failureThreshold = 5 },
            ["healthCheck"] = new { type = "tcp", interval = 10 },
        }),
        static () => new ThisTunnel("adaptive", static _ => new() { ["adaptive"] = new { maxRate = 100_000, minRate = 50_000 } }),
        static () => new ThisTunnel("authorizeUrl, each client", static targets => new() { ["authorizeUrl"] = Asked(targets, ttl: 0) }),
        static () => new ThisTunnel("authorizeUrl, kept 60 s", static targets => new() { ["authorizeUrl"] = Asked(targets, ttl: 60) }),
    ];

    private static object Asked(Targets targets, int ttl) => new { url = $"http://127.0.0.1:{targets.Http}/allow", ttl };
}
