using System.Globalization;

namespace Tunnel.Shared.Firewall;

/// <summary>A number per second, minute or hour, written <c>100/second</c>.</summary>
/// <param name="Count">1–1,000,000.</param>
/// <param name="Unit">The unit of time.</param>
public readonly record struct PacketRate(int Count, RateUnit Unit)
{
    /// <summary>The highest <see cref="Count"/>, and the highest burst.</summary>
    public const int MaxCount = 1_000_000;

    /// <summary>The valid forms, for an error text.</summary>
    public const string Valid = "must be \"N/second\", \"N/minute\" or \"N/hour\" with N from 1 to 1000000";

    /// <summary>The unit's length in seconds.</summary>
    public int UnitSeconds => Unit switch { RateUnit.Second => 1, RateUnit.Minute => 60, _ => 3600 };

    /// <summary>The unit's name, as it is written.</summary>
    public string UnitName => Unit switch { RateUnit.Second => "second", RateUnit.Minute => "minute", _ => "hour" };

    /// <summary>Reads the form <c>100/second</c>, and nothing else.</summary>
    public static bool TryParse(string text, out PacketRate rate)
    {
        rate = default;
        var slash = text.IndexOf('/');
        RateUnit? unit = slash < 0 ? null : text[(slash + 1)..] switch
        {
            "second" => RateUnit.Second,
            "minute" => RateUnit.Minute,
            "hour" => RateUnit.Hour,
            _ => null,
        };
        if (unit is not { } known
            || !int.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count is < 1 or > MaxCount)
        {
            return false;
        }

        rate = new PacketRate(count, known);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count}/{UnitName}");
}

/// <summary>The unit of time of a rate.</summary>
public enum RateUnit
{
    /// <summary>A second.</summary>
    Second,

    /// <summary>A minute.</summary>
    Minute,

    /// <summary>An hour.</summary>
    Hour,
}
