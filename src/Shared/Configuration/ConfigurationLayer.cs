using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Tunnel.Shared.Configuration;

/// <summary>One source of settings, with the words that name it in errors.</summary>
/// <param name="Provider">The source's values, flattened with <c>:</c> between levels.</param>
/// <param name="Describe">Says where the value of a key comes from, for the operator.</param>
/// <param name="Document">The file's JSON, for settings that are lists or objects; null where there is no file.</param>
internal sealed record ConfigurationLayer(IConfigurationProvider Provider, Func<string, string> Describe, JsonElement? Document)
{
    /// <summary>The full keys of all values in this layer, with case as written.</summary>
    public IEnumerable<string> Keys() => KeysBelow(null);

    private IEnumerable<string> KeysBelow(string? parent)
    {
        foreach (var name in Provider.GetChildKeys([], parent).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var key = parent is null ? name : ConfigurationPath.Combine(parent, name);
            if (Provider.TryGet(key, out _))
            {
                yield return key;
            }

            foreach (var below in KeysBelow(key))
            {
                yield return below;
            }
        }
    }
}
