using System.Globalization;

namespace Tunnel.Shared.Text;

/// <summary>Writes times for people, and reads them as people write them.</summary>
public static class TimeText
{
    /// <summary>Says what a duration may look like.</summary>
    public const string Valid = "valid are 0, 90s, 30m, 24h, 7d";

    /// <summary>Writes a duration in the most suitable unit: <c>90 s</c>, <c>45 min</c>, <c>23 h</c>, <c>3 d</c>.</summary>
    public static string Format(TimeSpan time) => time switch
    {
        { TotalSeconds: < 120 } => Number(time.TotalSeconds, "s"),
        { TotalMinutes: < 120 } => Number(time.TotalMinutes, "min"),
        { TotalHours: < 48 } => Number(time.TotalHours, "h"),
        _ => Number(time.TotalDays, "d"),
    };

    /// <summary>Writes a moment as the API does, without fractions of a second.</summary>
    public static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads a duration, which is a whole number and its unit: <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c>; 0 needs no unit.
    /// </summary>
    /// <param name="text">The text that was written.</param>
    /// <param name="time">The duration.</param>
    /// <param name="error">What is wrong and what would be right; null when nothing is wrong.</param>
    public static bool TryParse(string text, out TimeSpan time, out string? error)
    {
        time = default;
        var seconds = text.Length > 0 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 } : 0;
        if (!int.TryParse(
            seconds == 0 ? text : text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            error = $"is not a time; {Valid}";
            return false;
        }

        error = seconds == 0 && count != 0
            ? string.Create(CultureInfo.InvariantCulture, $"has no unit; did you mean {count}s, {count}m or {count}h?")
            : null;
        time = TimeSpan.FromSeconds((double)count * seconds);
        return error is null;
    }

    /// <summary>
    /// Reads a duration of a setting that is in seconds: a plain number, where fractions are allowed, or what <see cref="TryParse"/> reads.
    /// </summary>
    public static bool TryParseSeconds(string text, out TimeSpan time)
    {
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
            return TryParse(text, out time, out _);
        var isPossible = seconds <= int.MaxValue;
        time = isPossible ? TimeSpan.FromSeconds(seconds) : default;
        return isPossible;
    }

    private static string Number(double number, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(number):0} {unit}");
}
