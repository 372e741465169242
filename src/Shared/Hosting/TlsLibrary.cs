using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// OpenSSL, which the runtime loads when it first needs it, and whose absence it answers by ending the process with a signal.
/// </summary>
public static class TlsLibrary
{
    // As the runtime seeks them.
    private static readonly string[] Names = ["libssl.so.3", "libssl.so.1.1"];

    /// <summary>What is to be said instead of a start without it; null when it is there.</summary>
    /// <param name="program">The program's name.</param>
    public static string? Objection(string program) =>
        Objection(program, Environment.GetEnvironmentVariable, name => NativeLibrary.TryLoad(name, out _));

    internal static string? Objection(string program, Func<string, string?> environment, Func<string, bool> canLoad) =>
        // Whoever names another one knows why.
        environment("CLR_OPENSSL_VERSION_OVERRIDE") is { Length: > 0 } || Names.Any(canLoad)
            ? null
            : $"{program} needs OpenSSL, and there is no {string.Join(" or ", Names)} on this machine. Install it: the package libssl3 "
                + "(Debian, Ubuntu) or openssl-libs (Fedora, RHEL).";
}
