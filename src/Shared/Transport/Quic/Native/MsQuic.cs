using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>
/// libmsquic as loaded into this process: its functions, and the one registration with its worker threads. Both live as long as the
/// process.
/// </summary>
internal sealed unsafe class MsQuic
{
    private static readonly Version Oldest = new(2, 2, 2);
    private static readonly string[] Names = ["libmsquic.so.2", "libmsquic.so", "libmsquic"];

    private MsQuic(MsQuicApi api, nint registration, Version version) => (Api, Registration, Version) = (api, registration, version);

    public MsQuicApi Api { get; }

    public nint Registration { get; }

    public Version Version { get; }

    /// <summary>Loads the library.</summary>
    /// <returns>Why the library can't be used, or null.</returns>
    public static string? Load(out MsQuic? loaded)
    {
        loaded = null;
        if (NativeSizes.Fault() is { } fault)
            return $"libmsquic can't be used: {fault}";
        if (Find() is not { } library)
            return "libmsquic (libmsquic.so.2) is not installed";
        if (!NativeLibrary.TryGetExport(library, "MsQuicOpenVersion", out var open))
            return "libmsquic has no MsQuicOpenVersion: another library of the same name, or damaged";

        nint* table;
        var status = ((delegate* unmanaged<uint, nint**, int>)open)(2, &table);
        if (QuicStatus.Failed(status))
            return $"libmsquic does not open version 2 of its API ({QuicStatus.Describe(status)})";
        var api = new MsQuicApi(table);
        if (QuicStatus.Failed(api.GetParam<LibraryVersion>(0, Parameter.LibraryVersion, out var number)))
            return "libmsquic does not tell its version";
        var version = number.ToVersion();
        if (version < Oldest)
            return $"libmsquic {version} is too old: {Oldest} or later is needed";

        nint registration;
        fixed (byte* name = "tunnel"u8)
        {
            var config = new RegistrationConfig { AppName = name };
            status = api.RegistrationOpen(&config, &registration);
        }

        if (QuicStatus.Failed(status))
            return $"libmsquic {version} does not start: {QuicStatus.Describe(status)}";
        loaded = new MsQuic(api, registration, version);
        return null;
    }

    /// <summary>
    /// Makes every client prove its address before it costs anything, or with false only under msquic's own memory pressure.
    /// </summary>
    public void AlwaysRetry(bool always) => Api.SetParam(0, Parameter.RetryMemoryLimit, always ? (ushort)0 : DefaultRetryMemoryLimit);

    /// <summary>
    /// Sets the 32 bytes from which the tokens of stateless resets are made, so that connections of an earlier process with the same key
    /// can be reset.
    /// </summary>
    public void UseResetKey(ReadOnlySpan<byte> key) => Api.SetParam(0, Parameter.StatelessResetKey, MemoryMarshal.Read<QuicResetKey>(key));

    // This is QUIC_DEFAULT_RETRY_MEMORY_FRACTION, 0.1 % of the memory.
    private const ushort DefaultRetryMemoryLimit = 65;

    private static nint? Find()
    {
        foreach (var name in Names)
        {
            if (NativeLibrary.TryLoad(name, typeof(MsQuic).Assembly, DllImportSearchPath.SafeDirectories, out var library))
                return library;
        }

        return null;
    }

    [InlineArray(Size)]
    private struct QuicResetKey
    {
        public const int Size = 32;
        private byte _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct LibraryVersion
    {
        public uint Major;
        public uint Minor;
        public uint Patch;
        public uint Build;

        public readonly Version ToVersion() => new((int)Major, (int)Minor, (int)Patch);
    }
}
