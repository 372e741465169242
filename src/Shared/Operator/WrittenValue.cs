using System.Globalization;
using System.Text.Json;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Operator;

/// <summary>A value of JSON that an operator wrote, with its place. What it is not read as is a fault, and never an exception.</summary>
/// <param name="Json">The value.</param>
/// <param name="Path">Where it stands.</param>
/// <param name="Faults">What is wrong so far.</param>
public readonly record struct WrittenValue(JsonElement Json, string Path, FaultList Faults)
{
    /// <summary>Any text.</summary>
    public string? Text()
    {
        if (Json.ValueKind == JsonValueKind.String)
            return Json.GetString();
        Refuse("must be a string");
        return null;
    }

    /// <summary>Like <see cref="Text()"/>, but what stands there is never shown.</summary>
    public string? Secret()
    {
        if (Json.ValueKind == JsonValueKind.String)
            return Json.GetString();
        Faults.Add(Path, Fault.Masked, "must be a string");
        return null;
    }

    /// <summary>True or false.</summary>
    public bool? Boolean()
    {
        if (Json.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return Json.GetBoolean();
        Refuse("must be true or false");
        return null;
    }

    /// <summary>A whole number of 32 bits.</summary>
    public int? Integer() => Integer(int.MinValue, int.MaxValue, "must be a whole number");

    /// <summary>A whole number within bounds.</summary>
    /// <param name="least">The lowest.</param>
    /// <param name="most">The highest.</param>
    /// <param name="valid">What is said of another one; null: that it must be a whole number from the lowest to the highest.</param>
    public int? Integer(int least, int most, string? valid = null)
    {
        if (Json.ValueKind == JsonValueKind.Number && Json.TryGetInt32(out var number) && number >= least && number <= most)
            return number;
        Refuse(valid ?? string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}"));
        return null;
    }

    /// <summary>
    /// A port as a number, or a range such as <c>"8000-8010"</c>. Whether the numbers are ports is the caller's to check.
    /// </summary>
    public PortRange? Ports()
    {
        if (Json.ValueKind == JsonValueKind.Number && Json.TryGetInt32(out var port))
            return port;
        if (Json.ValueKind == JsonValueKind.String && PortRange.TryParse(Json.GetString(), out var range))
            return range;
        RefusePorts();
        return null;
    }

    /// <summary>Adds what is said of something that is neither a port nor a range.</summary>
    public void RefusePorts() => Refuse("must be a port (1–65535) or a range such as \"8000-8010\"");

    /// <summary>An address or a CIDR.</summary>
    /// <param name="valid">What is said of something that is no text.</param>
    public IpRange? Source(string valid = "must be a string with an address or a CIDR")
    {
        var error = valid;
        if (Json.ValueKind == JsonValueKind.String && IpRange.TryParse(Json.GetString()!, out var range, out error))
            return range;
        Refuse(error);
        return null;
    }

    /// <summary>One of several words; what is wrong lists them, the last one behind <paramref name="last"/>.</summary>
    /// <param name="last">What stands before the last one.</param>
    /// <param name="words">The words and what they mean.</param>
    public T? Word<T>(string last, params (string Word, T Meaning)[] words)
        where T : struct
    {
        if (Json.ValueKind == JsonValueKind.String)
        {
            foreach (var (word, meaning) in words)
            {
                if (Json.ValueEquals(word))
                    return meaning;
            }
        }

        Refuse($"must be {string.Join(", ", words[..^1].Select(word => $"\"{word.Word}\""))}{last}\"{words[^1].Word}\"");
        return null;
    }

    /// <summary>The items of a list; none where it is no list or has too many, with a fault.</summary>
    /// <param name="most">Items that it may have; of more none is given.</param>
    /// <param name="valid">What is said of something that is no list.</param>
    /// <param name="tooMany">What is said of a list that is too long.</param>
    public IEnumerable<WrittenValue> Items(int most, string valid = "must be a list", string? tooMany = null)
    {
        if (Json.ValueKind != JsonValueKind.Array)
        {
            Refuse(valid);
            return [];
        }

        if (Json.GetArrayLength() is var count && count > most)
        {
            Faults.Add(
                Path,
                string.Create(CultureInfo.InvariantCulture, $"{count} entries"),
                tooMany ?? string.Create(CultureInfo.InvariantCulture, $"must have at most {most} entries"));
            return [];
        }

        var (path, faults) = (Path, Faults);
        return Json.EnumerateArray().Select((item, index) => new WrittenValue(item, $"{path}[{index}]", faults));
    }

    /// <summary>Adds a fault of what stands here.</summary>
    public void Refuse(string valid) => Faults.Add(Path, Json, valid);
}
