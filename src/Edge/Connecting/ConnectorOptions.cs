using System.Security.Cryptography;
using System.Text;
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

    /// <summary>The content of HELLO.</summary>
    public required Hello Hello { get; init; }

    /// <summary>Creates the connector's options from an edge's, with a new identity for this start.</summary>
    /// <param name="options">The edge's options.</param>
    /// <param name="replaces">The identity of the process that this one replaces while it runs; null when there is none.</param>
    public static ConnectorOptions Of(TunnelEdgeOptions options, string? replaces = null) => Of(options, HelloOf(options, replaces), 0);

    /// <summary>Creates the options of the connector to one of an edge's hubs.</summary>
    /// <param name="options">The edge's options for that hub.</param>
    /// <param name="hello">The identity of this process, which is the same for all hubs.</param>
    /// <param name="index">Which of the hubs it is, from 0.</param>
    public static ConnectorOptions Of(TunnelEdgeOptions options, Hello hello, int index) => new()
    {
        Index = index,
        HubHost = options.HubHost,
        HubPort = options.HubPort,
        EdgeId = options.EdgeId,
        Secret = options.Secret,
        InsecureSkipVerify = options.InsecureSkipVerify,
        DrainTimeout = options.DrainTimeout,
        Hello = hello,
    };

    /// <summary>Creates what HELLO says, with a new identity for this start.</summary>
    public static Hello HelloOf(TunnelEdgeOptions options, string? replaces) => new()
    {
        Version = ProductVersion.Number,
        Instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
        Generation = 1,
        Supersedes = replaces,
        TakeOver = options.TakeOver ? true : null,
        QuicOnly = options.Transport == TransportMode.Quic ? true : null,
        Host = Environment.MachineName,
        Os = Environment.OSVersion.ToString(),
    };

    /// <summary>Which of the edge's hubs it is, from 0.</summary>
    public int Index { get; init; }

    /// <summary>Returns the name of a file of the state directory that is kept for each hub: the first hub's has the plain name.</summary>
    public string FileFor(string name) => Index == 0
        ? name
        : $"{Path.GetFileNameWithoutExtension(name)}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(HubName)))[..12]}"
            + Path.GetExtension(name);

    /// <summary>The hub as the operator wrote it: <c>HOST:PORT</c>.</summary>
    public string HubName => $"{HubHost}:{HubPort}";
}
