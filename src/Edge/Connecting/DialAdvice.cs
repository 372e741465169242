using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>What an operator can do when there is no tunnel.</summary>
internal static class DialAdvice
{
    public static string For(DialFailureKind kind, string edgeId) => kind switch
    {
        DialFailureKind.Unreachable => "Check that the hub runs, its host and port, and the firewalls on the way.",
        DialFailureKind.Timeout => "Check the hub's host and port, and the firewalls on the way.",
        DialFailureKind.TlsFailed => "Check that the port is the hub's tunnel port.",
        DialFailureKind.WrongCertificate =>
            "The secret was not sent. If the hub's key was changed on purpose, take a new token from the hub; if not, somebody is in between.",
        DialFailureKind.Unauthorized =>
            $"Check at the hub that the edge {edgeId} exists and is enabled (tunnel-hub edge show {edgeId}), or take a new token there.",
        DialFailureKind.Busy => "The hub has too much to do.",
        _ => "Check that the port is the hub's tunnel port, and the hub's log.",
    };
}
