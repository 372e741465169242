using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>The hub's UDP port: accepts QUIC connections and hands each one on, without waiting for its handshake.</summary>
public sealed class QuicTunnelListener : IAsyncDisposable, IListenerEvents
{
    private readonly TransportContext _context;
    private readonly QuicListenerOptions _options;
    private readonly MsQuic _library;
    private readonly Lock _changing = new();
    // Earlier configurations are kept to the end: a worker may just be giving one to a connection.
    private readonly List<ConfigurationHandle> _before = [];
    private volatile ConfigurationHandle _configuration;
    private readonly ListenerHandle _handle;
    private readonly RetrySwitch _retry;
    private readonly ILogger _logger;

    private QuicTunnelListener(TransportContext context, QuicListenerOptions options, MsQuic library)
    {
        _context = context;
        _options = options;
        _library = library;
        _logger = context.LoggerFactory.CreateLogger("Tunnel.Transport.Quic");
        if (!options.ResetKey.IsEmpty)
            library.UseResetKey(options.ResetKey.Span);
        _retry = new RetrySwitch(library, options.RetryThreshold, _logger);
        _configuration = Configure(options.Certificate, options.Chain);
        try
        {
            _handle = ListenerHandle.Open(library, this);
        }
        catch
        {
            _configuration.Dispose();
            throw;
        }
    }

    /// <summary>The address that it is bound to.</summary>
    public IPEndPoint LocalEndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Handshakes that have not finished.</summary>
    public int OpenHandshakes => _retry.Open;

    /// <summary>Binds the port and accepts until disposed.</summary>
    /// <exception cref="QuicException">The port is in use, the address is not one of this machine, or the certificate is not
    /// accepted.</exception>
    /// <exception cref="PlatformNotSupportedException">The library could not be loaded; <see cref="QuicLibrary.TryLoad"/> says so
    /// beforehand.</exception>
    public static QuicTunnelListener Start(TransportContext context, QuicListenerOptions options)
    {
        var result = new QuicTunnelListener(context, options, QuicLibrary.Get());
        try
        {
            result.LocalEndPoint = result._handle.Start(options.Address);
            return result;
        }
        catch
        {
            result.Close();
            throw;
        }
    }

    /// <summary>Uses another certificate for new connections; existing connections keep theirs.</summary>
    /// <param name="certificate">The certificate with its private key, which must be exportable in memory.</param>
    /// <param name="chain">The issuers' certificates between it and the root.</param>
    /// <exception cref="QuicException">The certificate is not accepted; the previous one stays in use.</exception>
    public void UseCertificate(X509Certificate2 certificate, X509Certificate2Collection chain)
    {
        var next = Configure(certificate, chain);
        lock (_changing)
        {
            _before.Add(_configuration);
            _configuration = next;
        }
    }

    /// <summary>Closes the port for new connections; existing connections keep using it.</summary>
    public async ValueTask DisposeAsync() => await Task.Run(Close);

    int IListenerEvents.OnNewConnection(nint connection, IPEndPoint remote)
    {
        var status = _library.Api.SetConfiguration(connection, _configuration);
        if (QuicStatus.Failed(status))
            return status;
        var result = QuicConnection.Adopt(_context, _library, remote, connection);
        _retry.Begin(result);
        _options.OnConnection(result);
        return QuicStatus.Success;
    }

    void IListenerEvents.OnDefect(Exception exception) => QuicLog.ListenerBug(_logger, exception, LocalEndPoint);

    private ConfigurationHandle Configure(X509Certificate2 certificate, X509Certificate2Collection chain) =>
        ConfigurationHandle.Server(_library, QuicTransport.StrangerSettings(_context), certificate, chain);

    private void Close()
    {
        _handle.Dispose();
        lock (_changing)
        {
            foreach (var configuration in _before)
                configuration.Dispose();
            _before.Clear();
            _configuration.Dispose();
        }

        _retry.Dispose();
    }
}
