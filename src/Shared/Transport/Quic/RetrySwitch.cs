using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// Counts unfinished handshakes, and asks every client to prove its address while there are many: a flood with forged senders then costs
/// nothing.
/// </summary>
internal sealed class RetrySwitch : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MsQuic _library;
    private readonly int _threshold;
    private readonly ILogger _logger;
    private int _open;
    private bool _isOn;
    private bool _disposed;

    public RetrySwitch(MsQuic library, int threshold, ILogger logger)
    {
        (_library, _threshold, _logger) = (library, threshold, logger);
        if (threshold == 0)
            Set(on: true);
    }

    /// <summary>The number of unfinished handshakes.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts a handshake until it ends.</summary>
    public void Begin(QuicConnection connection)
    {
        Change(1);
        EndAsync(connection).Guard("counting handshakes");
    }

    /// <summary>Restores the library's default.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            if (_isOn)
                Set(on: false);
        }
    }

    private async Task EndAsync(QuicConnection connection)
    {
        await connection.HandshakeOver;
        Change(-1);
    }

    private void Change(int difference)
    {
        lock (_lock)
        {
            _open += difference;
            if (_threshold == 0 || _disposed)
                return;
            // It is switched off only well below the threshold, so that it does not flicker.
            if (!_isOn && _open >= _threshold)
            {
                QuicLog.RetryBegins(_logger, _open);
                Set(on: true);
            }
            else if (_isOn && _open <= _threshold / 2)
            {
                QuicLog.RetryEnds(_logger);
                Set(on: false);
            }
        }
    }

    // This sets a parameter of the library and not of a connection, so the call does not wait.
    private void Set(bool on)
    {
        _isOn = on;
        _library.AlwaysRetry(on);
    }
}
