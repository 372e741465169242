using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>QUIC_BUFFER.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct NativeBuffer
{
    [FieldOffset(0)]
    public uint Length;

    [FieldOffset(8)]
    public byte* Data;

    public readonly ReadOnlySpan<byte> Span => new(Data, (int)Length);
}

/// <summary>QUIC_REGISTRATION_CONFIG.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct RegistrationConfig
{
    [FieldOffset(0)]
    public byte* AppName;

    [FieldOffset(8)]
    public int ExecutionProfile;
}

/// <summary>QUIC_CREDENTIAL_CONFIG.</summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct CredentialConfig
{
    public const int TypeNone = 0;
    public const int TypePkcs12 = 6;
    public const int FlagClient = 1;
    public const int FlagNoCertificateValidation = 4;
    public const int FlagIndicateCertificateReceived = 0x10;
    public const int FlagPortableCertificates = 0x4000;

    [FieldOffset(0)]
    public int Type;

    [FieldOffset(4)]
    public int Flags;

    [FieldOffset(8)]
    public Pkcs12* Certificate;
}

/// <summary>QUIC_CERTIFICATE_PKCS12.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal unsafe struct Pkcs12
{
    [FieldOffset(0)]
    public byte* Blob;

    [FieldOffset(8)]
    public uint BlobLength;

    [FieldOffset(16)]
    public byte* Password;
}

/// <summary>The part of QUIC_NEW_CONNECTION_INFO that is read.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal unsafe struct NewConnectionInfo
{
    [FieldOffset(16)]
    public NativeAddress* RemoteAddress;
}

/// <summary>QUIC_LISTENER_EVENT.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal unsafe struct ListenerEvent
{
    public const int NewConnection = 0;

    [FieldOffset(0)]
    public int Type;

    [FieldOffset(8)]
    public NewConnectionInfo* Info;

    [FieldOffset(16)]
    public nint Connection;
}

/// <summary>
/// The sizes of the API's version 2, checked once when the library is loaded: a wrong layout would corrupt memory silently.
/// </summary>
internal static class NativeSizes
{
    /// <summary>Says which size is wrong; null when all are right.</summary>
    public static string? Fault()
    {
        if (IntPtr.Size != 8)
            return "needs a 64-bit process";
        ReadOnlySpan<(string Name, int Actual, int Expected)> sizes =
        [
            (nameof(NativeBuffer), Unsafe.SizeOf<NativeBuffer>(), 16),
            (nameof(NativeAddress), Unsafe.SizeOf<NativeAddress>(), 28),
            (nameof(NativeSettings), Unsafe.SizeOf<NativeSettings>(), 144),
            (nameof(RegistrationConfig), Unsafe.SizeOf<RegistrationConfig>(), 16),
            (nameof(CredentialConfig), Unsafe.SizeOf<CredentialConfig>(), 56),
            (nameof(Pkcs12), Unsafe.SizeOf<Pkcs12>(), 24),
            (nameof(NewConnectionInfo), Unsafe.SizeOf<NewConnectionInfo>(), 72),
            (nameof(ListenerEvent), Unsafe.SizeOf<ListenerEvent>(), 24),
            (nameof(ConnectionEvent), Unsafe.SizeOf<ConnectionEvent>(), 32),
            (nameof(StreamEvent), Unsafe.SizeOf<StreamEvent>(), 40),
        ];
        foreach (var (name, actual, expected) in sizes)
        {
            if (actual != expected)
                return $"{name} has {actual} bytes here, not {expected}";
        }

        return null;
    }
}
