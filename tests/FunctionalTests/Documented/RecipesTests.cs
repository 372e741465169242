using Tunnel.FunctionalTests.Harness.Machines;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Documented;

/// <summary>Each recipe of the page with Debian's program: files and commands are the page's, the client is on the edge's side.</summary>
public sealed class RecipesTests(RecipesTests.Installed installed) : IClassFixture<RecipesTests.Installed>
{
    private const string Page = "docs/operations/recipes.md";
    private const string Https = "curl --insecure --resolve example.com:443:10.1.0.1 https://example.com/";

    // A recipe has the client's command, the line at the hub that finds its trace (null: what the client prints is enough), and what must
    // be there.
    private static readonly Dictionary<string, (string Client, string? Hub, string Expected)> Checks = new()
    {
        ["nginx"] = (Https, null, "10.1.0.1"),
        ["HAProxy"] = (Https, null, "10.1.0.1"),
        ["Caddy"] = (Https, null, "127.0.0.1"),
        ["Postfix"] = ("nc -q 1 -w 5 10.1.0.1 25 <<< QUIT", "journalctl --no-pager", "connect from vps[10.1.0.1]"),
        ["Dovecot"] = ("nc -q 1 -w 5 10.1.0.1 143 <<< 'a logout'", "journalctl --no-pager", "rip=10.1.0.1"),
        ["dnsdist"] = ("dig +short +tries=1 +timeout=2 @10.1.0.1 a.example && dig +short +tcp @10.1.0.1 b.example", null,
            "192.0.2.53\n192.0.2.53"),
        ["SSH"] = ("nc -w 5 10.1.0.1 2222 < /dev/null", null, "SSH-2.0"),
        ["WireGuard"] = ("ping -c 1 -W 2 -M do -s 1392 10.99.0.1", null, "1 received"),
        ["A game server"] = ("printf ping | nc -u -w 1 10.1.0.1 28786 | tr -d '\\000'", null, "ping"),
        ["HTTP/3"] = ($"{Https} --head | grep -i '^alt-svc: h3=' && nc -u -w 1 10.1.0.1 443 < unknown-version | od -An -tx1 -j1 -N4", null,
            "00 00 00 00"),
        ["Let's Encrypt behind the tunnel"] = ($"{Https} --verbose 2>&1 | grep -E 'issuer: CN=Pebble|^10'", null, "Pebble Intermediate"),
        ["Let's Encrypt at the hub"] = (
            "openssl s_client -connect 10.1.0.1:443 -servername shop.example.com < /dev/null 2> /dev/null | grep '^issuer'", null,
            "Pebble Intermediate"),
    };

    // The authority is asked only when it answers, since its service counts as started before it listens.
    private const string Authority = """
        grep -q shop.example.com /etc/hosts || echo '10.1.0.1 example.com shop.example.com' >> /etc/hosts
        systemctl is-active pebble || {
          openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=vps.example.com -keyout pebble.key -out pebble.pem
          echo '{ "pebble": { "listenAddress": "0.0.0.0:14000", "managementListenAddress": "127.0.0.1:15000", "certificate": "/root/pebble.pem",
            "privateKey": "/root/pebble.key", "httpPort": 80, "tlsPort": 443 } }' > pebble.json
          systemd-run --quiet --unit pebble --setenv PEBBLE_VA_NOSLEEP=1 --setenv PEBBLE_WFE_NONCEREJECT=0 pebble -config /root/pebble.json
        }
        curl --silent --show-error --insecure --output dir.json --retry 60 --retry-delay 1 --retry-connrefused https://127.0.0.1:14000/dir
        """;

    // This does what an operator's certbot does, with another server; nothing is asked of a person.
    private const string Certbot = """
        mkdir -p /etc/letsencrypt && printf '%s\n' 'server = https://vps.example.com:14000/dir' 'no-verify-ssl = true' \
          'agree-tos = true' 'register-unsafely-without-email = true' 'non-interactive = true' > /etc/letsencrypt/cli.ini
        """;

    // These are what a recipe takes for granted, at the hub and at the client.
    private static readonly Dictionary<string, (string Hub, string Client)> Given = new()
    {
        ["WireGuard"] = (
            WireGuard("10.99.0.1", "10.99.0.2", "hub", "client", "ListenPort = 51820", ""),
            WireGuard("10.99.0.2", "10.99.0.1", "client", "hub", "", "Endpoint = 10.1.0.1:51820")),
        ["A game server"] = ("systemd-run --quiet --unit cube2 --uid nobody /usr/games/cube2-server", "true"),

        // The packet has a version of QUIC that does not exist: a server answers with those that it knows (RFC 9000, 6.1).
        ["HTTP/3"] = ("true",
            "{ printf '\\xc0\\x1a\\x2a\\x3a\\x4a\\x08AAAAAAAA\\x08BBBBBBBB\\x00'; head -c 1176 /dev/zero; } > unknown-version"),
        ["Let's Encrypt behind the tunnel"] = (Certbot, Authority),
        ["Let's Encrypt at the hub"] = (Certbot, Authority),
    };

    public static TheoryData<string> Recipes => [.. Checks.Keys];

    [Theory]
    [MemberData(nameof(Recipes))]
    public async Task A_recipe_works(string recipe)
    {
        var (hub, client) = (installed.Machines.Hub, installed.Machines.Edge);
        await installed.ResetAsync();
        if (Given.TryGetValue(recipe, out var given))
        {
            (await hub.RunAsync(given.Hub)).Succeeded();
            (await client.RunAsync(given.Client)).Succeeded();
        }

        var section = Documentation.Section(Page, recipe);
        foreach (var (path, content) in Documentation.FilesOf(section))
            (await hub.RunAsync($"cat > {path}", content)).Succeeded();
        var wrong = await installed.Commands.RunAsync(recipe, Documentation.ShellLinesOf(section));
        Assert.True(wrong.Length == 0, wrong);

        // The edge takes a moment to bind the port, and a service to listen.
        var (line, trace, expected) = Checks[recipe];
        ProgramResult? last = null;
        await Eventually.IsTrueAsync(
            async () =>
            {
                last = await client.RunAsync(line);
                if (trace is not null)
                    last = await hub.RunAsync(trace);
                return last.StandardOutput.Contains(expected, StringComparison.Ordinal);
            },
            $"\"{expected}\"",
            explain: () => last?.StandardOutput + last?.StandardError);
    }

    [Fact]
    public void Each_recipe_of_the_page_has_a_check()
    {
        var untested = Documentation.Headings(Page).Where(static heading => !Checks.ContainsKey(heading));
        Assert.Equal(["Before you begin"], untested);
    }

    // The keys are made once, at the same time, since the machines share nothing.
    private static string WireGuard(string address, string peer, string own, string other, string more, string peersMore) => $$"""
        wg pubkey <<< {{Key(other)}} > other.pub && printf '%s\n' '[Interface]' 'Address = {{address}}/24' 'PrivateKey = {{Key(own)}}' '{{more}}' \
          '[Peer]' "PublicKey = $(cat other.pub)" 'AllowedIPs = {{peer}}/32' '{{peersMore}}' > /etc/wireguard/wg0.conf && wg-quick up wg0
        """;

    private static string Key(string name) =>
        Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));

    /// <summary>Both machines, installed as the README says, with a certificate for example.com.</summary>
    public sealed class Installed : IAsyncLifetime
    {
        internal MachinePair Machines { get; private set; } = null!;

        internal PageCommands Commands { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Machines = await MachinePair.BootAsync();
            Commands = new PageCommands(Machines);
            var wrong = await Commands.RunAsync("README.md");
            Assert.True(wrong.Length == 0, wrong);
            (await Machines.Hub.RunAsync(
                "mkdir -p /etc/ssl/example.com && cd /etc/ssl/example.com"
                + " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=example.com -keyout "
                + "privkey.pem -out fullchain.pem"
                + " && cat fullchain.pem privkey.pem > haproxy.pem && chmod 644 *.pem")).Succeeded();
        }

        /// <summary>
        /// Leaves the edge without ports, dialled as the README has it, and the machine without the services of the recipe before.
        /// </summary>
        internal async Task ResetAsync() => (await Machines.Hub.RunAsync(
            "systemctl stop nginx haproxy caddy postfix dovecot dnsdist ssh && echo '[{ \"id\": \"vps\", \"dial\": \"hub\", "
                + "\"dialAddress\": \"vps.example.com\" }]' > none.json && tunnel-hub apply -f none.json")).Succeeded();

        public async ValueTask DisposeAsync()
        {
            if (Machines is not null)
                await Machines.DisposeAsync();
        }
    }
}
