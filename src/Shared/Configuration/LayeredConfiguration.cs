using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Tunnel.Shared.Operator;

namespace Tunnel.Shared.Configuration;

/// <summary>
/// A service's settings from files, environment and command line, read strictly. The reader asks for each setting once, through this class
/// or the typed readers of <see cref="SettingReaders"/>; then <see cref="Finish"/> adds an error for every setting that was not asked for,
/// and throws when anything was wrong.
/// </summary>
public sealed class LayeredConfiguration
{
    // These are the host's own settings, which share appsettings.json with ours.
    private static readonly string[] ForeignSections = ["Logging", "AllowedHosts"];

    private readonly List<ConfigurationLayer> _layers;
    private readonly HashSet<string> _asked = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _askedTrees = new(StringComparer.OrdinalIgnoreCase);

    private LayeredConfiguration(List<ConfigurationLayer> layers, ConfigurationErrors errors)
    {
        _layers = layers;
        Errors = errors;
    }

    /// <summary>The errors found so far; a reader may add its own.</summary>
    public ConfigurationErrors Errors { get; }

    /// <summary>Reads all sources. It does not throw: files that can't be read are in <see cref="Errors"/>.</summary>
    public static LayeredConfiguration Load(ConfigurationSources sources)
    {
        var errors = new ConfigurationErrors();
        return new LayeredConfiguration(LayerReader.Read(sources, errors), errors);
    }

    /// <summary>Returns the value of a setting and where it comes from, or null when it is given nowhere or is JSON <c>null</c>.</summary>
    /// <param name="name">The path with dots, for example <c>tls.certPem</c>; case does not matter.</param>
    public Setting? Find(string name)
    {
        var key = name.Replace(".", ConfigurationPath.KeyDelimiter);
        _asked.Add(key);
        for (var index = _layers.Count - 1; index >= 0; index--)
        {
            if (_layers[index].Provider.TryGet(key, out var value))
            {
                return value is null ? null : new Setting(name, value, _layers[index].Describe(key));
            }
        }

        return null;
    }

    /// <summary>
    /// Returns a setting that is a list or an object, from a file, or as JSON text from the environment or the command line.
    /// </summary>
    public JsonElement? FindJson(string name)
    {
        _askedTrees.Add(name);
        for (var index = _layers.Count - 1; index >= 0; index--)
        {
            var layer = _layers[index];
            if (layer.Document is { } document)
            {
                foreach (var property in document.EnumerateObject().Where(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                {
                    return property.Value.ValueKind == JsonValueKind.Null ? null : property.Value;
                }
            }
            else if (layer.Provider.TryGet(name, out var text) && text is not null)
            {
                return ParseJson(name, text, layer.Describe(name));
            }
        }

        return null;
    }

    /// <summary>
    /// Returns every value in force, by its name with dots; case does not matter. It serves to compare two states: the values may be
    /// secrets.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Effective()
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var layer in _layers)
        {
            foreach (var key in layer.Keys())
            {
                layer.Provider.TryGet(key, out var value);
                values[Display(key)] = value;
            }
        }

        return values;
    }

    /// <summary>Marks a setting as one that may be a list or an object, in case a scalar in a higher layer hides it.</summary>
    public void AllowTree(string name) => _askedTrees.Add(name);

    /// <summary>Adds an error for each unknown setting, and throws when there is any error.</summary>
    /// <exception cref="ConfigurationException">There is at least one error.</exception>
    public void Finish()
    {
        AddUnknown();
        Errors.ThrowIfAny();
    }

    /// <summary>Writes a key as an operator does.</summary>
    internal static string Display(string key) => key.Replace(ConfigurationPath.KeyDelimiter, ".");

    private JsonElement? ParseJson(string name, string text, string source)
    {
        using var document = JsonText.Parse(Encoding.UTF8.GetBytes(text), out var faults);
        // The text may hold secrets (edges do), so it is not repeated.
        foreach (var fault in faults)
            Errors.Add(name, null, $"must be JSON, and {fault}", source);
        return document?.RootElement.Clone();
    }

    private void AddUnknown()
    {
        var valid = _asked.Union(_askedTrees).Select(Display).Order(StringComparer.Ordinal).ToArray();
        foreach (var layer in _layers)
        {
            foreach (var key in layer.Keys().Where(key => !IsKnown(key)))
            {
                var name = Display(key);
                var nearest = SettingName.Nearest(name, valid);
                Errors.Add(name, null, nearest is null
                    ? $"no such setting; there are {string.Join(", ", valid)}"
                    : $"no such setting; did you mean {nearest}?", layer.Describe(key));
            }
        }
    }

    private bool IsKnown(string key)
    {
        var top = key.Split(ConfigurationPath.KeyDelimiter, 2)[0];
        return _asked.Contains(key) || _askedTrees.Contains(top) || ForeignSections.Contains(top, StringComparer.OrdinalIgnoreCase);
    }
}
