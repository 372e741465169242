using System.Diagnostics.CodeAnalysis;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>Whether QUIC can be used on this machine: it needs libmsquic 2.2.2 or later. Nothing else in the product needs it.</summary>
public static class QuicLibrary
{
    /// <summary>Tells operators how to install the library.</summary>
    public const string InstallHint =
        "install libmsquic 2.2.2 or later: on Debian and Ubuntu 'apt install libmsquic' from Microsoft's package feed "
            + "(packages.microsoft.com), on Alpine 'apk add libmsquic'";

    private static readonly Lazy<(MsQuic? Library, string? Reason)> Loaded = new(static () =>
    {
        var reason = MsQuic.Load(out var library);
        return (library, reason);
    });

    /// <summary>The version that was loaded, or null.</summary>
    public static Version? Version => Loaded.Value.Library?.Version;

    /// <summary>Native handles that are open in this process.</summary>
    internal static int LiveHandles => NativeHandle.Live;

    /// <summary>Loads the library, once per process.</summary>
    /// <param name="reason">Why QUIC can't be used, without the <see cref="InstallHint"/>; null on success.</param>
    public static bool TryLoad([NotNullWhen(false)] out string? reason)
    {
        reason = Loaded.Value.Reason;
        return reason is null;
    }

    /// <exception cref="PlatformNotSupportedException">The library could not be loaded; callers should check <see cref="TryLoad"/>
    /// first.</exception>
    internal static MsQuic Get() => Loaded.Value.Library ?? throw new PlatformNotSupportedException(Loaded.Value.Reason);
}
