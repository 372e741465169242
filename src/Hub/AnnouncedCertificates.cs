using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Status;

namespace Tunnel.Hub;

/// <summary>The hub's certificate and the next one, whose pins edges are told before it is used.</summary>
/// <param name="certificates">The certificates.</param>
/// <param name="edges">The allowed edges.</param>
/// <param name="live">Those that are connected, and what all of them were told.</param>
/// <param name="present">Uses another certificate where the hub listens over QUIC.</param>
/// <param name="logger">The log.</param>
internal sealed class AnnouncedCertificates(
    HubCertificates certificates, EdgeStore edges, LiveEdges live, Action<HubCertificate> present, ILogger logger)
{
    /// <summary>Describes the certificate, the next one, and the edges that do not know the next one yet.</summary>
    public CertificateStatus Describe() => new(
        certificates.Present.Pin,
        certificates.Next?.Pin,
        certificates.Next is { } next ? EdgesNotTold(next.Pin) : [])
    {
        Expires = certificates.Present.Expires,
        NextExpires = certificates.Next?.Expires,
    };

    /// <summary>Tells the edges the pins.</summary>
    public void Announce() => live.Configs.AnnouncePins(certificates.Pins);

    /// <summary>Makes the next certificate and announces it.</summary>
    public CertificateStatus MakeNext()
    {
        certificates.MakeNext();
        Announce();
        return Describe();
    }

    /// <summary>Takes the operator's certificate as the next one and announces it.</summary>
    public CertificateStatus TakeNext(PemSource certificate, PemSource key)
    {
        certificates.TakeNext(certificate, key);
        Announce();
        return Describe();
    }

    /// <summary>Makes the next certificate the present one; the answer still names the edges that did not know it.</summary>
    public CertificateStatus Switch()
    {
        var before = Describe();
        var now = certificates.Switch();
        present(now);
        Announce();
        return before with { Pin = now.Pin, NextPin = null };
    }

    /// <summary>Handles changed files of the certificate. When only the next one is new, this uses the present one again.</summary>
    public void OnFiles()
    {
        present(certificates.Present);
        Announce();
        if (certificates.Next is null && EdgesNotTold(certificates.Present.Pin) is { Length: > 0 } untold)
            AcceptingLog.EdgesNotTold(logger, string.Join(", ", untold));
    }

    /// <summary>Whether all edges that are connected know a pin.</summary>
    public bool IsKnownToAll(string pin) => live.Tunnels.All(tunnel => live.Configs.Knows(tunnel.EdgeId, pin));

    private ImmutableArray<string> EdgesNotTold(string pin) => UntoldEdges.Without(edges, id => live.Configs.Knows(id, pin));
}
