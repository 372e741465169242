using System.Globalization;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Configuration;

/// <summary>
/// Reads how many bytes of streams may be in flight and in memory: <c>windows.initial</c>, <c>.min</c>, <c>.max</c>, <c>.shared</c> and
/// <c>limits.memoryBudget</c>.
/// </summary>
public static class FlowControlSettings
{
    /// <summary>The smallest memory budget in bytes.</summary>
    public const long LeastBudget = 1 << 20;

    /// <summary>The largest memory budget in bytes.</summary>
    public const long MostBudget = 1L << 40;

    private const int LeastWindow = 16 << 10;
    private const int MostWindow = 1 << 30;
    private const string Unit = "bytes";

    /// <summary>Reads the sizes, with defaults for those not given. <see cref="Check"/> checks whether they fit together.</summary>
    public static FlowControlOptions FlowControl(this LayeredConfiguration configuration)
    {
        var defaults = new FlowControlOptions();
        return new FlowControlOptions
        {
            InitialWindow = Window(configuration, "windows.initial", defaults.InitialWindow),
            MinWindow = Window(configuration, "windows.min", defaults.MinWindow),
            MaxWindow = Window(configuration, "windows.max", defaults.MaxWindow),
            SharedWindow = configuration.Number("windows.shared", defaults.SharedWindow, LeastWindow, MostBudget, Unit),
            MemoryBudget = configuration.Number("limits.memoryBudget", defaults.MemoryBudget, LeastBudget, MostBudget, Unit),
        };
    }

    /// <summary>Adds an error for each window that is out of its range or does not fit the others.</summary>
    /// <param name="options">The sizes.</param>
    /// <param name="errors">Where the errors are added.</param>
    /// <param name="configuration">The configuration that the sizes come from, for the errors; null when they come from code.</param>
    public static void Check(FlowControlOptions options, ConfigurationErrors errors, LayeredConfiguration? configuration = null)
    {
        var (initial, min, max) = (options.InitialWindow, options.MinWindow, options.MaxWindow);
        Require(
            initial >= LeastWindow && initial <= min, "windows.initial", initial,
            $"must be {LeastWindow} to windows.min, which is {min}: a window grows from the one to the other");
        Require(min <= max, "windows.min", min, $"must be at most windows.max, which is {max}");
        Require(max <= MostWindow, "windows.max", max, $"must be at most {MostWindow}");
        Require(
            options.SharedWindow is >= LeastWindow and <= MostBudget, "windows.shared", options.SharedWindow,
            $"must be {LeastWindow} to {MostBudget} ({Unit})");

        void Require(bool holds, string name, long value, string valid)
        {
            if (!holds)
                errors.Add(name, value.ToString(CultureInfo.InvariantCulture), valid, configuration?.Find(name)?.Source);
        }
    }

    private static int Window(LayeredConfiguration configuration, string name, int missing) =>
        (int)configuration.Number(name, missing, LeastWindow, MostWindow, Unit);
}
