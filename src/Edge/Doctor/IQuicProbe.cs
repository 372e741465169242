using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;

namespace Tunnel.Edge.Doctor;

/// <summary>Makes a handshake over QUIC and finds out how large packets get through.</summary>
internal interface IQuicProbe
{
    /// <summary>Why QUIC can't be tried here; null when it can.</summary>
    string? Unavailable { get; }

    /// <summary>Tries one address.</summary>
    Task<QuicPath> ProbeAsync(DialRequest request, CancellationToken cancellationToken);
}

/// <summary>Probes with libmsquic, where it is installed.</summary>
internal sealed class QuicProbe(QuicTunnelDialer dialer) : IQuicProbe
{
    // The probes of growing size are answered within a few round trips.
    private static readonly TimeSpan Discovery = TimeSpan.FromSeconds(1);

    public string? Unavailable => QuicLibrary.TryLoad(out var reason) ? null : reason;

    public Task<QuicPath> ProbeAsync(DialRequest request, CancellationToken cancellationToken) =>
        dialer.ProbeAsync(request, Discovery, cancellationToken);
}
