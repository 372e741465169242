using System.Runtime.InteropServices;

namespace Tunnel.TestUtilities.OpenSsl;

/// <summary>The functions of OpenSSL 3 that <see cref="OpenSslPeer"/> needs, of the library that the runtime uses itself.</summary>
internal static partial class LibSsl
{
    /// <summary>The type EVP_PKEY_EC.</summary>
    public const int EllipticCurveKey = 408;

    private const string Library = "libssl.so.3";

    [LibraryImport(Library)]
    public static partial nint TLS_client_method();

    [LibraryImport(Library)]
    public static partial nint TLS_server_method();

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_certificate_ASN1(nint context, int length, byte[] certificate);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_PrivateKey_ASN1(int type, nint context, byte[] key, nint length);

    [LibraryImport(Library)]
    public static partial nint SSL_new(nint context);

    [LibraryImport(Library)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_set_fd(nint ssl, int descriptor);

    [LibraryImport(Library)]
    public static partial int SSL_connect(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_accept(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_key_update(nint ssl, int requested);

    [LibraryImport(Library)]
    public static partial int SSL_write(nint ssl, byte[] bytes, int count);

    [LibraryImport(Library)]
    public static partial int SSL_read(nint ssl, [Out] byte[] bytes, int count);
}
