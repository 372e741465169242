using System.Collections.Immutable;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// The clients that an edge has turned away since its last such report: the member <c>blocked</c> of a REPORT of that kind.
/// </summary>
public sealed record BlockedReport
{
    /// <summary>The most entries that each of the two lists may have.</summary>
    public const int MaxEntries = 500;

    /// <summary>How many clients were turned away, by port and reason.</summary>
    public ImmutableArray<BlockedCount> Counts { get; init; } = [];

    /// <summary>Which clients were turned away, at ports with <c>logConnections</c>.</summary>
    public ImmutableArray<BlockedSource> Sources { get; init; } = [];

    /// <summary>How many more <see cref="Sources"/> would name, had there been room.</summary>
    public long Dropped { get; init; }
}

/// <summary>How many clients a port has turned away for one reason.</summary>
/// <param name="Port">1–65535.</param>
/// <param name="Proto"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Reason">The reason, for example <c>denied</c>.</param>
/// <param name="Count">How many clients.</param>
public sealed record BlockedCount(int Port, string Proto, string Reason, long Count);

/// <summary>A client that a port has turned away.</summary>
/// <param name="Port">1–65535.</param>
/// <param name="Proto"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Reason">The reason, for example <c>denied</c>.</param>
/// <param name="Source">The client's address.</param>
/// <param name="Count">How often it was turned away.</param>
public sealed record BlockedSource(int Port, string Proto, string Reason, string Source, long Count);
