namespace Tunnel.Hub.Cli;

/// <summary>Examples in the commands' help; a test parses each with the real command line.</summary>
internal static class HubExamples
{
    public static readonly IReadOnlyDictionary<string, string[]> All = new Dictionary<string, string[]>
    {
        [""] = [
            "tunnel-hub run", "tunnel-hub edge add vps --tcp 80,443 --udp 53 --host hub.example.com", "tunnel-hub status",
            "tunnel-hub help edge add"],
        ["run"] = [
            "tunnel-hub run", "tunnel-hub run --config /etc/tunnel-hub/hub.json --log-level debug",
            "tunnel-hub run --tunnel-port 9443 --public-host hub.example.com:9443"],
        ["init"] = [
            "tunnel-hub init --public-host hub.example.com:8443",
            "tunnel-hub init --public-host hub.example.com --target-host 10.0.0.5 --dry-run"],
        ["edge"] = ["tunnel-hub edge list", "tunnel-hub edge show vps"],
        ["edge add"] = [
            "tunnel-hub edge add vps --tcp 80,443,8000-8010 --udp 53",
            "tunnel-hub edge add vps --tcp 443 --host hub.example.com:9443 --secret-file secret.txt"],
        ["edge list"] = ["tunnel-hub edge list", "tunnel-hub edge list --state down", "tunnel-hub edge list --json"],
        ["edge show"] = ["tunnel-hub edge show vps"],
        ["edge remove"] = ["tunnel-hub edge remove vps"],
        ["edge enable"] = ["tunnel-hub edge enable vps"],
        ["edge disable"] = ["tunnel-hub edge disable vps"],
        ["edge disconnect"] = ["tunnel-hub edge disconnect vps"],
        ["edge rotate-secret"] = ["tunnel-hub edge rotate-secret vps --grace 24h", "tunnel-hub edge rotate-secret vps --push"],
        ["edge hub-address"] = [
            "tunnel-hub edge hub-address new.example.com:8443", "tunnel-hub edge hub-address", "tunnel-hub edge hub-address --clear"],
        ["edge token"] = ["tunnel-hub edge token vps", "tunnel-hub edge token vps --transport quicWithFallback --grace 30m"],
        ["edge set"] = ["tunnel-hub edge set vps --tcp 80,443,8000-8010 --dry-run", "tunnel-hub edge set vps --stun-interval-secs 0"],
        ["edge rename"] = ["tunnel-hub edge rename vps vps-2"],
        ["port"] = ["tunnel-hub port add vps tcp/443 --to 10.0.0.5:8443 --proxy v2", "tunnel-hub port remove vps tcp/443"],
        ["port add"] = [
            "tunnel-hub port add vps tcp/443 --to 10.0.0.5:8443 --proxy v2 --allow 192.0.2.0/24",
            "tunnel-hub port add vps udp/51820 --proxy off --dry-run"],
        ["port set"] = [
            "tunnel-hub port set vps tcp/443 --log-connections true --max-connections 500", "tunnel-hub port set vps default --proxy off"],
        ["port remove"] = ["tunnel-hub port remove vps tcp/8000-8010 --dry-run"],
        ["apply"] = [
            "tunnel-hub apply -f edges.json --dry-run", "tunnel-hub apply -f edges.json",
            "tunnel-hub edge list --json | tunnel-hub apply -f -"],
        ["firewall"] = ["tunnel-hub firewall block 192.0.2.7 --for 1h", "tunnel-hub firewall list"],
        ["firewall block"] = [
            "tunnel-hub firewall block 192.0.2.7 --for 1h --reason scanner",
            "tunnel-hub firewall block 198.51.100.0/24 --for 7d --edges vps"],
        ["firewall unblock"] = ["tunnel-hub firewall unblock 192.0.2.7"],
        ["firewall list"] = ["tunnel-hub firewall list"],
        ["status"] = [
            "tunnel-hub status", "tunnel-hub status --edge vps", "tunnel-hub status --json --limit 100",
            "tunnel-hub status --url https://192.0.2.1:9443 --key-file key --pin PIN"],
        ["streams"] = ["tunnel-hub streams --edge vps --port tcp/443", "tunnel-hub streams --stats"],
        ["connections"] = [
            "tunnel-hub connections --since 10m",
            "tunnel-hub connections --action blocked --address 192.0.2.0/24 --since 2026-05-01T12:00:00Z"],
        ["events"] = ["tunnel-hub events", "tunnel-hub events --types edgeConnected,edgeDisconnected --json"],
        ["token"] = ["tunnel-hub token decode TOKEN"],
        ["token decode"] = ["tunnel-hub token decode TOKEN", "tunnel-hub token decode TOKEN --json"],
        ["admin-key"] = ["tunnel-hub admin-key", "tunnel-hub admin-key --read-only", "tunnel-hub admin-key --rotate"],
        ["top"] = ["tunnel-hub top", "tunnel-hub top --once"],
        ["page"] = ["tunnel-hub page", "tunnel-hub page --read-only"],
        ["certificate"] = ["tunnel-hub certificate next", "tunnel-hub certificate switch"],
        ["certificate next"] = [
            "tunnel-hub certificate next", "tunnel-hub certificate next --cert-pem fullchain.pem --key-pem privkey.pem"],
        ["certificate switch"] = ["tunnel-hub certificate switch"],
        ["doctor"] = ["tunnel-hub doctor", "tunnel-hub doctor --json"],
        ["state"] = ["tunnel-hub state import", "tunnel-hub state export --to /var/lib/tunnel-hub"],
        ["state import"] = ["tunnel-hub state import", "tunnel-hub state import --from /var/lib/tunnel-hub --replace"],
        ["state export"] = ["tunnel-hub state export", "tunnel-hub state export --to /var/lib/tunnel-hub --replace"],
        ["backup"] = ["tunnel-hub backup /var/backups/tunnel-hub.json"],
        ["restore"] = ["tunnel-hub restore /var/backups/tunnel-hub.json --dry-run", "tunnel-hub restore /var/backups/tunnel-hub.json"],
        ["help"] = ["tunnel-hub help edge add"],
        ["version"] = ["tunnel-hub version"],
        ["completion"] = ["tunnel-hub completion bash"],
        ["man"] = ["tunnel-hub man"],
    };
}
