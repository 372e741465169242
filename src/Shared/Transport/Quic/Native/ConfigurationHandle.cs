using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>Settings and credentials of connections.</summary>
internal sealed unsafe class ConfigurationHandle : NativeHandle
{
    private ConfigurationHandle(MsQuic library)
        : base(library)
    {
    }

    /// <summary>Creates a client's configuration: the connection is given the hub's certificate and decides about it.</summary>
    public static ConfigurationHandle Client(MsQuic library, NativeSettings settings)
    {
        var credential = new CredentialConfig
        {
            Type = CredentialConfig.TypeNone,
            Flags = CredentialConfig.FlagClient | CredentialConfig.FlagNoCertificateValidation
                | CredentialConfig.FlagIndicateCertificateReceived | CredentialConfig.FlagPortableCertificates,
        };
        return Open(library, settings, &credential);
    }

    /// <summary>Creates a server's configuration, with its certificate and private key.</summary>
    public static ConfigurationHandle Server(
        MsQuic library, NativeSettings settings, X509Certificate2 certificate, X509Certificate2Collection chain)
    {
        var all = new X509Certificate2Collection { certificate };
        all.AddRange(chain);
        var export = all.Export(X509ContentType.Pkcs12)!;
        try
        {
            fixed (byte* blob = export)
            {
                var pkcs12 = new Pkcs12 { Blob = blob, BlobLength = (uint)export.Length };
                var credential = new CredentialConfig { Type = CredentialConfig.TypePkcs12, Certificate = &pkcs12 };
                return Open(library, settings, &credential);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(export);
        }
    }

    /// <summary>The native handle, for calls that take it; the caller must keep this object alive meanwhile.</summary>
    public nint Value => handle;

    protected override void Close(nint opened) => Api.ConfigurationClose(opened);

    private static ConfigurationHandle Open(MsQuic library, NativeSettings settings, CredentialConfig* credential)
    {
        var result = new ConfigurationHandle(library);
        nint opened;
        int status;
        fixed (byte* alpn = TunnelProtocol.AlpnBytes)
        {
            var protocol = new NativeBuffer { Data = alpn, Length = (uint)TunnelProtocol.AlpnBytes.Length };
            status =
                library.Api.ConfigurationOpen(library.Registration, &protocol, 1, &settings, (uint)sizeof(NativeSettings), null, &opened);
        }

        if (QuicStatus.Failed(status))
        {
            result.Abandon();
            throw new QuicException("the settings of QUIC are not accepted", status);
        }

        result.Own(opened);
        status = library.Api.ConfigurationLoadCredential(opened, credential);
        if (!QuicStatus.Failed(status))
            return result;
        result.Dispose();
        throw new QuicException("the certificate is not accepted", status);
    }
}
