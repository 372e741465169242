namespace Tunnel.FunctionalTests.Harness;

/// <summary>Programs of Debian that tests run; one that is missing is a failure that says what to install.</summary>
public static class DebianProgram
{
    public static string Nginx => Find("nginx", "nginx");

    public static string Haproxy => Find("haproxy", "haproxy");

    public static string Dnsdist => Find("dnsdist", "dnsdist");

    public static string Dig => Find("dig", "bind9-dnsutils");

    public static string Iperf => Find("iperf3", "iperf3");

    public static string Netcat => Find("nc", "netcat-openbsd");

    public static string Curl => Find("curl", "curl");

    public static string Openssl => Find("openssl", "openssl");

    public static string Turnserver => Find("turnserver", "coturn");

    public static string Script => Find("script", "bsdutils");

    public static string Strace => Find("strace", "strace");

    public static string Ip => Find("ip", "iproute2");

    public static string Nsenter => Find("nsenter", "util-linux");

    public static string Setpriv => Find("setpriv", "util-linux");

    public static string SystemdAnalyze => Find("systemd-analyze", "systemd");

    public static string Prlimit => Find("prlimit", "util-linux");

    public static string Promtool => Find("promtool", "prometheus");

    public static string Chromium => Find("chromium", "chromium");

    public static string Npm => Find("npm", "npm");

    public static string Nft => Find("nft", "nftables");

    public static string Tinyproxy => Find("tinyproxy", "tinyproxy");

    public static string Microsocks => Find("microsocks", "microsocks");

    private static string Find(string program, string package)
    {
        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/usr/bin", "/sbin"]);
        return directories.Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"{program} is missing: apt-get install --no-install-recommends {package}");
    }
}
