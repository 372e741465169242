using System.Text.Json.Serialization;
using Tunnel.Hub.Certificates;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Says what the hub does with the TLS of a port's clients; a member that is null has its default.</summary>
public sealed record TlsDefinition
{
    /// <summary>Whether the hub reads the name that a client asks for, and carries its TLS to the upstream as it is.</summary>
    public bool? Passthrough { get; init; }

    /// <summary>The certificates with which TLS ends at the hub, of which the first is for all names that no other has.</summary>
    public ValueList<CertificateDefinition>? Certificates { get; init; }

    /// <summary>Whether a client that asks for an unknown name, or for none, is refused.</summary>
    public bool? StrictSni { get; init; }

    /// <summary>The oldest version that a client may speak; 1.2 by default.</summary>
    public TlsVersion? MinVersion { get; init; }

    /// <summary>The application protocols in the hub's order; null: none is agreed on.</summary>
    public ValueList<string>? Alpn { get; init; }

    /// <summary>The authorities of the certificates that clients must show; null: they show none.</summary>
    public PemSource? ClientCa { get; init; }

    /// <summary>Whether TLS ends at the hub.</summary>
    internal bool Terminates => Certificates is not null;
}

/// <summary>A certificate and its key, as PEM files or PEM text.</summary>
public sealed record CertificateDefinition
{
    /// <summary>How many certificates a port may have.</summary>
    public const int MaxCount = 100;

    /// <summary>The certificate and its chain.</summary>
    public PemSource CertPem { get; init; } = new("");

    /// <summary>The private key; null: it is where the certificate is.</summary>
    public PemSource? KeyPem { get; init; }
}

/// <summary>A version of TLS.</summary>
public enum TlsVersion
{
    /// <summary>TLS 1.2 (RFC 5246).</summary>
    [JsonStringEnumMemberName("1.2")]
    Tls12,

    /// <summary>TLS 1.3 (RFC 8446).</summary>
    [JsonStringEnumMemberName("1.3")]
    Tls13,
}
