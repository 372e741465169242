using System.Security.Cryptography;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Connecting;

/// <summary>What the connector needs to know. Holds the secret, so it is a class without a text form.</summary>
internal sealed class ConnectorOptions
{
    public required string HubHost { get; init; }

    public required int HubPort { get; init; }

    public required string EdgeId { get; init; }

    public required string Secret { get; init; }

    public required bool InsecureSkipVerify { get; init; }

    /// <summary>How long the streams of a tunnel that was replaced may go on.</summary>
    public required TimeSpan DrainTimeout { get; init; }

    /// <summary>What to say in HELLO.</summary>
    public required Hello Hello { get; init; }

    /// <summary>The options of an edge, and an identity for this start of it.</summary>
    public static ConnectorOptions Of(TunnelEdgeOptions options) => new()
    {
        HubHost = options.HubHost,
        HubPort = options.HubPort,
        EdgeId = options.EdgeId,
        Secret = options.Secret,
        InsecureSkipVerify = options.InsecureSkipVerify,
        DrainTimeout = options.DrainTimeout,
        Hello = new Hello
        {
            Version = typeof(ConnectorOptions).Assembly.GetName().Version?.ToString(3) ?? "",
            Instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Generation = 1,
            TakeOver = options.TakeOver ? true : null,
            Host = Environment.MachineName,
            Os = Environment.OSVersion.ToString(),
        },
    };

    /// <summary>The hub as the operator wrote it.</summary>
    public string HubName => $"{HubHost}:{HubPort}";
}
