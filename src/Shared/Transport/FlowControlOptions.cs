namespace Tunnel.Shared.Transport;

/// <summary>Sizes of windows and of the memory that they may use (protocol.md section 4).</summary>
public sealed record FlowControlOptions
{
    /// <summary>The most bytes that one stream may have under way when few streams are active.</summary>
    public int MaxWindow { get; init; } = 4 << 20;

    /// <summary>Bytes that one stream may have under way even when many streams are active.</summary>
    public int MinWindow { get; init; } = 1 << 20;

    /// <summary>
    /// Bytes that the active streams share: a stream's window is this divided by their number, between the two limits above.
    /// </summary>
    public long SharedWindow { get; init; } = 200L << 20;

    /// <summary>
    /// Bytes of credit that a stream starts with; its window grows as it drains. It is small, since a stalled stream costs this much. At
    /// least 16 KiB.
    /// </summary>
    public int InitialWindow { get; init; } = 64 << 10;

    /// <summary>The most bytes that the process may buffer: received and not yet written out. At least 1 MiB.</summary>
    public long MemoryBudget { get; init; } = 200L << 20;
}
