namespace Tunnel.Hub.Hooks;

/// <summary>A hook's decision about a client.</summary>
public sealed class ConnectionDecision
{
    private ConnectionDecision()
    {
    }

    /// <summary>The client goes on to the next hook, and then to the upstream.</summary>
    public static ConnectionDecision Allow { get; } = new();

    /// <summary>Why the client is refused; null when it is not.</summary>
    public string? Reason { get; private init; }

    /// <summary>The name or address of another upstream; null: the port's own.</summary>
    public string? TargetHost { get; private init; }

    /// <summary>The port of the other upstream.</summary>
    public int TargetPort { get; private init; }

    /// <summary>The client is reset, and counted as <c>hookRefused</c>.</summary>
    /// <param name="reason">Why, for the hub's log.</param>
    public static ConnectionDecision Refuse(string reason) => new() { Reason = reason };

    /// <summary>The client goes to another upstream than the port's.</summary>
    /// <param name="host">Its name or address.</param>
    /// <param name="port">Its port, 1–65535.</param>
    /// <exception cref="ArgumentException">The host is empty or the port is none.</exception>
    public static ConnectionDecision To(string host, int port)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        return new ConnectionDecision { TargetHost = host, TargetPort = port };
    }
}
