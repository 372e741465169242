using System.Globalization;
using System.Text.Json;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Operator;

/// <summary>
/// A JSON value that an operator wrote, with its place. If it can't be read as requested, a fault is added and null is returned; no
/// exception is thrown.
/// </summary>
/// <param name="Json">The value.</param>
/// <param name="Path">The value's place.</param>
/// <param name="Faults">Where faults are added.</param>
public readonly record struct WrittenValue(JsonElement Json, string Path, FaultList Faults)
{
    /// <summary>Reads any text.</summary>
    public string? Text()
    {
        if (Json.ValueKind == JsonValueKind.String)
            return Json.GetString();
        Refuse("must be a string");
        return null;
    }

    /// <summary>Reads text like <see cref="Text()"/>, but the value is never shown.</summary>
    public string? Secret()
    {
        if (Json.ValueKind == JsonValueKind.String)
            return Json.GetString();
        Faults.Add(Path, Fault.Masked, "must be a string");
        return null;
    }

    /// <summary>Reads true or false.</summary>
    public bool? Boolean()
    {
        if (Json.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return Json.GetBoolean();
        Refuse("must be true or false");
        return null;
    }

    /// <summary>Reads a whole number of 32 bits.</summary>
    public int? Integer() => Integer(int.MinValue, int.MaxValue, "must be a whole number");

    /// <summary>Reads a whole number within bounds.</summary>
    /// <param name="least">The lowest valid number.</param>
    /// <param name="most">The highest valid number.</param>
    /// <param name="valid">The message for any other value; null for the usual one, which names the bounds.</param>
    public int? Integer(int least, int most, string? valid = null)
    {
        if (Json.ValueKind == JsonValueKind.Number && Json.TryGetInt32(out var number) && number >= least && number <= most)
            return number;
        Refuse(valid ?? string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}"));
        return null;
    }

    /// <summary>Reads a port as a number, or a range such as <c>"8000-8010"</c>. The caller checks whether the numbers are ports.</summary>
    public PortRange? Ports()
    {
        if (Json.ValueKind == JsonValueKind.Number && Json.TryGetInt32(out var port))
            return port;
        if (Json.ValueKind == JsonValueKind.String && PortRange.TryParse(Json.GetString(), out var range))
            return range;
        RefusePorts();
        return null;
    }

    /// <summary>Adds the fault for a value that is neither a port nor a range.</summary>
    public void RefusePorts() => Refuse("must be a port (1–65535) or a range such as \"8000-8010\"");

    /// <summary>Reads an address or a CIDR.</summary>
    /// <param name="valid">The message for a value that is not text.</param>
    public IpRange? Source(string valid = "must be a string with an address or a CIDR")
    {
        var error = valid;
        if (Json.ValueKind == JsonValueKind.String && IpRange.TryParse(Json.GetString()!, out var range, out error))
            return range;
        Refuse(error);
        return null;
    }

    /// <summary>Reads one of several words; the fault lists them, with <paramref name="last"/> before the last one.</summary>
    /// <param name="last">The text before the last word.</param>
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

    /// <summary>Returns the items of a list. If it is not a list or has too many items, a fault is added and none are returned.</summary>
    /// <param name="most">The most items that the list may have.</param>
    /// <param name="valid">The message for a value that is not a list.</param>
    /// <param name="tooMany">The message for a list that is too long.</param>
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

    /// <summary>Adds a fault about this value.</summary>
    public void Refuse(string valid) => Faults.Add(Path, Json, valid);
}
