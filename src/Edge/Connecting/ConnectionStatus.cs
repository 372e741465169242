using System.Net;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>The state of the connection to the hub at one moment.</summary>
internal sealed record ConnectionStatus
{
    public bool Connected { get; init; }

    public TransportKind? Transport { get; init; }

    /// <summary>Why this transport was chosen; null while not connected.</summary>
    public TransportChoice? Choice { get; init; }

    /// <summary>The hub's address while connected.</summary>
    public IPEndPoint? Address { get; init; }

    /// <summary>When the present tunnel began, or the last one ended.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Since when what is open waits for another connection or tunnel; null while nothing does.</summary>
    public DateTimeOffset? LostSince { get; init; }

    /// <summary>Why there is no tunnel, or why the last one ended.</summary>
    public string? LastError { get; init; }

    /// <summary>When the next attempt is due; null while one is under way.</summary>
    public DateTimeOffset? NextAttempt { get; init; }
}
