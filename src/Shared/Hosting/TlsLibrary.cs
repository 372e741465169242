using System.Runtime.InteropServices;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Checks for OpenSSL. The runtime loads it when it is first needed, and ends the process with a signal if it is missing.
/// </summary>
public static class TlsLibrary
{
    // These are the names that the runtime looks for.
    private static readonly string[] Names = ["libssl.so.3", "libssl.so.1.1"];

    /// <summary>Returns the message to show instead of starting without the library; null when it is there.</summary>
    /// <param name="program">The program's name.</param>
    public static string? Objection(string program) =>
        Objection(program, Environment.GetEnvironmentVariable, name => NativeLibrary.TryLoad(name, out _));

    internal static string? Objection(string program, Func<string, string?> environment, Func<string, bool> canLoad) =>
        // Whoever sets another name is trusted to know why.
        environment("CLR_OPENSSL_VERSION_OVERRIDE") is { Length: > 0 } || Names.Any(canLoad)
            ? null
            : $"{program} needs OpenSSL, and there is no {string.Join(" or ", Names)} on this machine. Install it: the package libssl3 "
                + "(Debian, Ubuntu) or openssl-libs (Fedora, RHEL).";
}
