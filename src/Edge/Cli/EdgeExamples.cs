namespace Tunnel.Edge.Cli;

/// <summary>Examples in the commands' help. A test reads each one with the real command line.</summary>
internal static class EdgeExamples
{
    public static readonly IReadOnlyDictionary<string, string[]> All = new Dictionary<string, string[]>
    {
        [""] = ["tunnel-edge run --token-file /etc/tunnel-edge/token", "tunnel-edge status", "tunnel-edge doctor", "tunnel-edge help run"],
        ["run"] = [
            "tunnel-edge run --token-file /etc/tunnel-edge/token",
            "tunnel-edge run --hub-host hub.example.com --edge-id vps --secret-file secret.txt --pins PIN"],
        ["init"] = ["tunnel-edge init", "tunnel-edge init --token-file token.txt --dry-run"],
        ["status"] = ["tunnel-edge status", "tunnel-edge status --json"],
        ["top"] = ["tunnel-edge top", "tunnel-edge top --once --json"],
        ["doctor"] = ["tunnel-edge doctor", "tunnel-edge doctor --token-file /etc/tunnel-edge/token", "tunnel-edge doctor --json"],
        ["help"] = ["tunnel-edge help doctor"],
        ["version"] = ["tunnel-edge version"],
        ["completion"] = ["tunnel-edge completion bash"],
        ["man"] = ["tunnel-edge man"],
    };
}
