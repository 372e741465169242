using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tunnel.TestUtilities.OpenSsl;

/// <summary>
/// An end of a TLS connection that is OpenSSL's own, for what <see cref="System.Net.Security.SslStream"/> does not let one do: new keys
/// whenever one likes. Its calls block, and give up with the socket's time-outs.
/// </summary>
public sealed class OpenSslPeer : IDisposable
{
    private readonly Socket _socket;
    private readonly nint _context;
    private readonly nint _ssl;

    private OpenSslPeer(Socket socket, nint context)
    {
        _socket = socket;
        _context = context;
        _ssl = LibSsl.SSL_new(context);
        LibSsl.SSL_set_fd(_ssl, (int)socket.Handle);
    }

    /// <summary>Connects and secures the connection as a client; the server's certificate is not looked at.</summary>
    public static OpenSslPeer Connect(IPEndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(server);
        var peer = new OpenSslPeer(Limit(socket), LibSsl.SSL_CTX_new(LibSsl.TLS_client_method()));
        Require(LibSsl.SSL_connect(peer._ssl) == 1, "handshake");
        return peer;
    }

    /// <summary>Secures an accepted connection as its server.</summary>
    /// <param name="socket">No asynchronous method of it may have been called. Owned from now on.</param>
    /// <param name="certificate">With an exportable key for ECDSA.</param>
    public static OpenSslPeer Accept(Socket socket, X509Certificate2 certificate)
    {
        var context = LibSsl.SSL_CTX_new(LibSsl.TLS_server_method());
        var encoded = certificate.RawData;
        Require(LibSsl.SSL_CTX_use_certificate_ASN1(context, encoded.Length, encoded) == 1, "certificate");
        using var key = certificate.GetECDsaPrivateKey()!;
        var secret = key.ExportECPrivateKey();
        Require(LibSsl.SSL_CTX_use_PrivateKey_ASN1(LibSsl.EllipticCurveKey, context, secret, secret.Length) == 1, "key");
        var peer = new OpenSslPeer(Limit(socket), context);
        Require(LibSsl.SSL_accept(peer._ssl) == 1, "handshake");
        return peer;
    }

    /// <summary>Sends all of the bytes.</summary>
    public void Send(byte[] bytes) => Require(LibSsl.SSL_write(_ssl, bytes, bytes.Length) == bytes.Length, "write");

    /// <summary>Sends all of the bytes.</summary>
    public void Send(string text) => Send(Encoding.ASCII.GetBytes(text));

    /// <summary>Reads up to a newline, which is not part of the line.</summary>
    public string ReadLine()
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (LibSsl.SSL_read(_ssl, one, 1) == 1 && one[0] != '\n')
            line.Add(one[0]);
        return Encoding.UTF8.GetString([.. line]);
    }

    /// <summary>Changes its sending key so many times, each time by a record that carries nothing else.</summary>
    /// <returns>False when the other end has closed the connection meanwhile.</returns>
    public bool UpdateKeys(int times)
    {
        for (var i = 0; i < times; i++)
        {
            if (LibSsl.SSL_key_update(_ssl, 0) != 1 || LibSsl.SSL_do_handshake(_ssl) != 1)
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        LibSsl.SSL_free(_ssl);
        LibSsl.SSL_CTX_free(_context);
        _socket.Dispose();
    }

    private static Socket Limit(Socket socket)
    {
        socket.SendTimeout = socket.ReceiveTimeout = 60_000;
        return socket;
    }

    private static void Require(bool done, string what)
    {
        if (!done)
            throw new IOException($"OpenSSL: {what} failed");
    }
}
