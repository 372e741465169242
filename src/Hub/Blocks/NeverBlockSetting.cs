using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Blocks;

/// <summary>The setting <c>neverBlock</c>: a list in a file, or addresses and networks separated by commas in any source.</summary>
internal static class NeverBlockSetting
{
    public const string Name = "neverBlock";

    public static ImmutableArray<IpRange> Read(LayeredConfiguration configuration)
    {
        configuration.AllowTree(Name);
        var (words, source) = configuration.Find(Name) is { } setting
            ? (setting.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), setting.Source)
            : (Items(configuration), "configuration file");
        var ranges = ImmutableArray.CreateBuilder<IpRange>();
        foreach (var word in words)
        {
            if (IpRange.TryParse(word, out var range, out var error))
                ranges.Add(range);
            else
                configuration.Errors.Add(Name, word, error, source);
        }

        return ranges.ToImmutable();
    }

    private static string[] Items(LayeredConfiguration configuration)
    {
        if (configuration.FindJson(Name) is not { } json)
            return [];
        if (json.ValueKind == JsonValueKind.Array)
            return [.. json.EnumerateArray().Select(item => item.ToString())];
        configuration.Errors.Add(
            Name, json.ToString(), "must be a list such as [\"192.0.2.7\", \"198.51.100.0/24\"]", "configuration file");
        return [];
    }
}
