using System.Collections.Immutable;
using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Status;

/// <summary>A certificate that clients or targets of an edge's ports are shown, by the file that it comes from.</summary>
public sealed record PortCertificateStatus
{
    /// <summary>The id of the edge.</summary>
    public required string EdgeId { get; init; }

    /// <summary>Its TCP ports that have the certificate, such as <c>443,8000-8010</c>.</summary>
    public required string Ports { get; init; }

    /// <summary>The path of the file, or what stands for PEM text (<c>text:sha256:…</c>).</summary>
    public required string Path { get; init; }

    /// <summary>Whether targets are shown it (<c>upstreamTls</c>); false: clients are.</summary>
    public bool ForTargets { get; init; }

    /// <summary>The host names that it is for.</summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>When its validity ends; null when there is none that could be used.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Why the file's present content can't be used, in words; null when it is in use.</summary>
    public string? Fault { get; init; }

    /// <summary>Whether what the file had before is in use, since its present content can't be.</summary>
    public bool KeepsOld { get; init; }

    /// <summary>Whether an operator has to do something about it.</summary>
    /// <param name="now">The present time.</param>
    internal bool IsAlarm(DateTimeOffset now) => Fault is not null || Expires - now < CertificateEnd.Soon;

    /// <summary>Whether clients are refused or warned because of it.</summary>
    /// <param name="now">The present time.</param>
    internal bool IsBroken(DateTimeOffset now) => (Expires is null && !KeepsOld) || Expires <= now;

    /// <summary>Describes it for people: <c>tcp/443: /etc/tls/a.pem for example.com ends in 9 d</c>.</summary>
    /// <param name="now">The present time.</param>
    internal string Describe(DateTimeOffset now)
    {
        var text = $"tcp/{Ports}: {Path}{(ForTargets ? ", which targets are shown," : "")}";
        if (Expires is not { } expires)
        {
            return KeepsOld
                ? $"{text} has changed and can't be used, so the old one is: it {Fault}"
                : $"{text} can't be used, and clients who need it are reset: it {Fault}";
        }

        text += $"{(Names.IsEmpty ? "" : $" for {string.Join(", ", Names)}")} {CertificateEnd.Describe(expires, now)}";
        return Fault is null ? text : $"{text}; the file has changed and can't be used: it {Fault}";
    }
}
