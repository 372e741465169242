using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>A hub of which the test writes every byte after the TLS handshake.</summary>
/// <param name="listener">Where edges come.</param>
public sealed class RawHub(Socket listener) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A token with which an edge comes here.</summary>
    public string TokenFor(string edgeId, string secret)
    {
        var (address, pin) = ((IPEndPoint)listener.LocalEndPoint!, SHA256.HashData(_key.ExportSubjectPublicKeyInfo()));
        return new ConnectionToken(
            address.Address.ToString(), address.Port, edgeId, secret, [System.Buffers.Text.Base64Url.EncodeToString(pin)]).Encode();
    }

    /// <summary>Takes the next edge, up to the end of its TLS handshake.</summary>
    public async Task<TunnelPeer> AcceptAsync()
    {
        using var made = new CertificateRequest("CN=raw hub", _key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.Now.AddDays(-1), DateTimeOffset.Now.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        var socket = await listener.AcceptAsync().WaitAsync(Limit);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
            ApplicationProtocols = [new SslApplicationProtocol("tunnel/1")],
        }).WaitAsync(Limit);
        return new TunnelPeer(stream);
    }

    public void Dispose()
    {
        listener.Dispose();
        _key.Dispose();
    }
}
