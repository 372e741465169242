using System.Globalization;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Configuration;

/// <summary>The valid range of a setting that is a number.</summary>
/// <param name="Least">The lowest value.</param>
/// <param name="Most">The highest value.</param>
/// <param name="Unit">What is counted, in words for the operator.</param>
internal readonly record struct SettingRange(long Least, long Most, string Unit)
{
    public static readonly SettingRange TunnelPort = new(0, 65535, "a port; 0 lets the system pick one");
    public static readonly SettingRange DrainTimeout = new(0, 3600, "seconds");
    public static readonly SettingRange ResumeGrace = new(0, 3600, "seconds");
    public static readonly SettingRange AuthTimeout = new(1, 3600, "seconds");
    public static readonly SettingRange Connections = new(1, 1_000_000, "connections");
    public static readonly SettingRange Tries = new(1, 1_000_000, "tries a minute");
    public static readonly SettingRange Edges = new(1, 1_000_000, "edges");
    public static readonly SettingRange Streams = new(1, int.MaxValue, "streams");
    public static readonly SettingRange Lanes = new(1, LaneOptions.Limit, "connections");
    public static readonly SettingRange Memory = new(FlowControlSettings.LeastBudget, FlowControlSettings.MostBudget, "bytes");

    /// <summary>The valid range in words for the operator.</summary>
    public string Valid => string.Create(CultureInfo.InvariantCulture, $"must be {Least} to {Most} ({Unit})");

    public bool Contains(double value) => value >= Least && value <= Most;
}
