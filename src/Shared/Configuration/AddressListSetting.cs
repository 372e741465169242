using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Configuration;

/// <summary>A setting that lists addresses: a list in a file, or addresses and networks separated by commas in any source.</summary>
public static class AddressListSetting
{
    /// <summary>Reads the setting; what is wrong with it is added to the configuration's errors.</summary>
    public static ImmutableArray<IpRange> Read(LayeredConfiguration configuration, string name)
    {
        configuration.AllowTree(name);
        var (words, source) = configuration.Find(name) is { } setting
            ? (setting.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), setting.Source)
            : (Items(configuration, name), "configuration file");
        var ranges = ImmutableArray.CreateBuilder<IpRange>();
        foreach (var word in words)
        {
            if (IpRange.TryParse(word, out var range, out var error))
                ranges.Add(range);
            else
                configuration.Errors.Add(name, word, error, source);
        }

        return ranges.ToImmutable();
    }

    private static string[] Items(LayeredConfiguration configuration, string name)
    {
        if (configuration.FindJson(name) is not { } json)
            return [];
        if (json.ValueKind == JsonValueKind.Array)
            return [.. json.EnumerateArray().Select(item => item.ToString())];
        configuration.Errors.Add(
            name, json.ToString(), "must be a list such as [\"192.0.2.7\", \"198.51.100.0/24\"]", "configuration file");
        return [];
    }
}
