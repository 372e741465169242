using System.Diagnostics;

namespace Tunnel.Tools.WanLink;

/// <summary>
/// One end of the link: a network namespace with the TUN device <c>wan0</c>. A namespace that was made here is removed at the end.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    public const string Device = "wan0";

    private readonly bool _made;

    private NetworkNamespace(string name, IReadOnlyList<string> addresses, bool made)
    {
        Name = name;
        Addresses = addresses;
        _made = made;
    }

    public string Name { get; }

    public IReadOnlyList<string> Addresses { get; }

    /// <summary>The handle that <c>setns</c> needs.</summary>
    public string Path => PathOf(Name);

    /// <param name="text">The end as NAME:ADDRESS/LENGTH, further addresses after commas.</param>
    public static NetworkNamespace Open(string text)
    {
        if (text.Split(':', 2) is not [{ Length: > 0 } name, { Length: > 0 } addresses])
            throw new FormatException($"'{text}' is not NAME:ADDRESS/LENGTH[,ADDRESS/LENGTH]");
        var made = !File.Exists(PathOf(name));
        if (made)
            Ip("netns", "add", name);
        return new NetworkNamespace(name, addresses.Split(','), made);
    }

    /// <summary>Gives the device its addresses, and sends everything that is not local over it.</summary>
    public void Configure(int mtu)
    {
        Ip("-n", Name, "link", "set", "lo", "up");
        foreach (var address in Addresses)
        {
            string[] more = address.Contains(':', StringComparison.Ordinal) ? ["nodad"] : [];
            Ip(["-n", Name, "addr", "add", address, "dev", Device, .. more]);
        }

        // The device's queue is long, so that the link's own queue drops packets and counts them.
        Ip("-n", Name, "link", "set", Device, "up", "mtu", $"{mtu}", "txqueuelen", "10000");
        if (Addresses.Any(static address => !address.Contains(':', StringComparison.Ordinal)))
            Ip("-n", Name, "route", "add", "default", "dev", Device);
        if (Addresses.Any(static address => address.Contains(':', StringComparison.Ordinal)))
            Ip("-n", Name, "-6", "route", "add", "default", "dev", Device);
    }

    public void Dispose()
    {
        if (_made)
            Ip("netns", "del", Name);
    }

    private static string PathOf(string name) => "/run/netns/" + name;

    private static void Ip(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })
            ?? throw new InvalidOperationException("ip can't be started");
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {error.Trim()}");
    }
}
