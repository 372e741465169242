using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>One piece of work, done through one peer at a time.</summary>
internal interface IRow
{
    /// <summary>The name by which a run can be limited to it.</summary>
    string Name { get; }

    bool NeedsUdp => false;

    /// <summary>Does the work once.</summary>
    Task<IReadOnlyList<Figure>> RunAsync(IPeer peer, Targets targets, int seconds);
}

/// <summary>One number of a row.</summary>
/// <param name="Label">The name of the figure, with its unit.</param>
/// <param name="Value">The number.</param>
internal readonly record struct Figure(string Label, double Value);
