using System.Globalization;
using System.Text.Json;

namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>The kernel's memory for TCP, for the status. All programs of the machine share it.</summary>
public sealed record TcpMemoryStatus
{
    /// <summary><c>normal</c>, <c>short</c> or <c>exhausted</c>.</summary>
    public required string State { get; init; }

    /// <summary>Bytes in use.</summary>
    public required long Used { get; init; }

    /// <summary>The most bytes that TCP may use: the third figure of <c>net.ipv4.tcp_mem</c>.</summary>
    public required long Limit { get; init; }

    /// <summary>Streams that were reset since the start because they stalled while memory was nearly exhausted.</summary>
    public long StreamsReset { get; init; }

    internal static TcpMemoryStatus? Of(TcpMemoryGuard guard) => guard.Figures is not { } figures
        ? null
        : new TcpMemoryStatus
        {
            State = JsonNamingPolicy.CamelCase.ConvertName(guard.State.ToString()),
            Used = figures.Used * Environment.SystemPageSize,
            Limit = figures.Limit * Environment.SystemPageSize,
            StreamsReset = guard.StreamsReset,
        };

    /// <summary>Describes the state to an operator; null while there is enough memory and nothing was reset.</summary>
    public string? Describe() => State == "normal" && StreamsReset == 0
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{State}: {Used / 1_000_000} of {Limit / 1_000_000} MB in use by all programs ({TcpMemoryFigures.Setting}), {StreamsReset} "
                + $"stalled streams were reset");
}
