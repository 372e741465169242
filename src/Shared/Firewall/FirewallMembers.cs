using System.Globalization;
using System.Text.Json;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Firewall;

/// <summary>Reads single values of a firewall's JSON, with a fault and the default instead of an exception.</summary>
internal sealed class FirewallMembers(FirewallFaultList faults)
{
    private const int MaxId = 64;
    private const int MaxComment = 256;

    public string Id(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: >= 1 and <= MaxId } id
            && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-'))
            return id;
        faults.Add(path, value, $"must be 1–{MaxId} of A-Z a-z 0-9 . _ -");
        return "";
    }

    public int Number(JsonElement value, string path, int min, int max)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
            return number;
        faults.Add(path, value, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}"));
        return min;
    }

    public bool Boolean(JsonElement value, string path)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        faults.Add(path, value, "must be true or false");
        return false;
    }

    public IpRange? Source(JsonElement value, string path)
    {
        var error = "must be a string with an address or a CIDR";
        if (value.ValueKind == JsonValueKind.String && IpRange.TryParse(value.GetString()!, out var range, out error))
            return range;
        faults.Add(path, value, error!);
        return null;
    }

    public PacketRate Rate(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String && PacketRate.TryParse(value.GetString()!, out var rate))
            return rate;
        faults.Add(path, value, PacketRate.Valid);
        return new PacketRate(1, RateUnit.Second);
    }

    public PortSpan? Ports(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var port) && IsPort(port))
            return new PortSpan(port, port);
        if (value.ValueKind == JsonValueKind.String && value.GetString()!.Split('-') is { Length: 1 or 2 } ends
            && TryPort(ends[0], out var first) && TryPort(ends[^1], out var last) && first <= last)
            return new PortSpan(first, last);
        faults.Add(path, value, "must be a port (1–65535) or a range such as \"8000-8010\"");
        return null;
    }

    public T Word<T>(JsonElement value, string path, params (string Word, T Meaning)[] words)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            foreach ((var word, var meaning) in words)
                if (value.ValueEquals(word))
                    return meaning;
        }

        faults.Add(path, value, $"must be {string.Join(", ", words.Select(word => $"\"{word.Word}\""))}");
        return words[0].Meaning;
    }

    /// <summary>For the operator's eyes only: it goes no further.</summary>
    public void Comment(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String || value.GetString()!.Length > MaxComment)
            faults.Add(path, value, $"must be a string of at most {MaxComment} characters");
    }

    private static bool IsPort(int port) => port is >= Protocol.Port.Min and <= Protocol.Port.Max;

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && IsPort(port) && text[0] != '0';
}
