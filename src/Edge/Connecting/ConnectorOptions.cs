using System.Security.Cryptography;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Edge.Connecting;

/// <summary>The options of the connector. It is a class without a text form, because it holds the secret.</summary>
internal sealed class ConnectorOptions
{
    public required string HubHost { get; init; }

    public required int HubPort { get; init; }

    public required string EdgeId { get; init; }

    public required string Secret { get; init; }

    public required bool InsecureSkipVerify { get; init; }

    /// <summary>How long the streams of a replaced tunnel may go on.</summary>
    public required TimeSpan DrainTimeout { get; init; }

    /// <summary>What HELLO says.</summary>
    public required Hello Hello { get; init; }

    /// <summary>Creates the connector's options from an edge's, with a new identity for this start.</summary>
    /// <param name="options">The edge's options.</param>
    /// <param name="replaces">The identity of the process that this one replaces while it runs; null when there is none.</param>
    public static ConnectorOptions Of(TunnelEdgeOptions options, string? replaces = null) => new()
    {
        HubHost = options.HubHost,
        HubPort = options.HubPort,
        EdgeId = options.EdgeId,
        Secret = options.Secret,
        InsecureSkipVerify = options.InsecureSkipVerify,
        DrainTimeout = options.DrainTimeout,
        Hello = new Hello
        {
            Version = ProductVersion.Number,
            Instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Generation = 1,
            Supersedes = replaces,
            TakeOver = options.TakeOver ? true : null,
            QuicOnly = options.Transport == TransportMode.Quic ? true : null,
            Host = Environment.MachineName,
            Os = Environment.OSVersion.ToString(),
        },
    };

    /// <summary>The hub as the operator wrote it: <c>HOST:PORT</c>.</summary>
    public string HubName => $"{HubHost}:{HubPort}";
}
