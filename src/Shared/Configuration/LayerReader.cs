using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Tunnel.Shared.Files;
using Tunnel.Shared.Operator;

namespace Tunnel.Shared.Configuration;

/// <summary>Reads the layers of a configuration; what can't be read becomes an error that names file and line.</summary>
internal static class LayerReader
{
    /// <summary>Returns all layers that exist, the weakest first.</summary>
    public static List<ConfigurationLayer> Read(ConfigurationSources sources, ConfigurationErrors errors)
    {
        List<ConfigurationLayer?> layers =
        [
            ReadFile(sources.AppSettingsFile, mustExist: false, errors),
            sources.File is { } named ? ReadFile(named, mustExist: true, errors)
                : sources.DefaultFile is { } usual ? ReadFile(usual, mustExist: false, errors) : null,
            ReadEnvironment(sources),
            ReadCommandLine(sources),
        ];
        return [.. layers.OfType<ConfigurationLayer>()];
    }

    private static ConfigurationLayer? ReadFile(string path, bool mustExist, ConfigurationErrors errors)
    {
        // A file that can't be looked for does not count as missing.
        if (UnixFile.FaultOfFile(path) is var faultOfFile && !mustExist && faultOfFile == UnixFile.Missing)
            return null;
        if (faultOfFile is not null)
        {
            errors.Add(path, null, $"the file {faultOfFile}");
            return null;
        }

        try
        {
            using var document = JsonText.Parse(File.ReadAllBytes(path), out var faults, ignoreCase: true);
            foreach (var fault in faults)
                Add(fault, path, errors);
            if (document is null)
                return null;
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                errors.Add(path, null, "the file must hold one JSON object with the settings, for example {\"logLevel\": \"debug\"}");
                return null;
            }

            var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
            Flatten(document.RootElement, "", path, values, errors);
            return Layer(values, _ => path, document.RootElement.Clone());
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            errors.Add(path, null, "the file does not exist");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            errors.Add(path, null, $"the file can't be read: {FileFault.Of(error, path)}");
        }

        return null;
    }

    private static void Add(JsonFault fault, string path, ConfigurationErrors errors)
    {
        if (fault.Path == "$")
            errors.Add(path, null, fault.ToString());
        else
            errors.Add(fault.Path["$.".Length..], null, $"{fault.Problem}, at {fault.Place}", path);
    }

    private static void Flatten(
        JsonElement element, string prefix, string path, Dictionary<string, string?> values, ConfigurationErrors errors)
    {
        var children = element.ValueKind == JsonValueKind.Object
            ? element.EnumerateObject().Select(property => (property.Name, property.Value))
            : element.EnumerateArray().Select((item, index) => (Name: index.ToString(), Value: item));
        foreach (var (name, value) in children)
        {
            var key = prefix + name;
            if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                Flatten(value, key + ConfigurationPath.KeyDelimiter, path, values, errors);
            }
            else if (!values.TryAdd(key, value.ValueKind == JsonValueKind.Null ? null : value.ToString()))
            {
                errors.Add(LayeredConfiguration.Display(key), null, "given twice; keep one of the two", path);
            }
        }
    }

    private static ConfigurationLayer ReadEnvironment(ConfigurationSources sources)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in sources.Environment ?? ProcessEnvironment())
        {
            if (
                name.StartsWith(sources.EnvironmentPrefix, StringComparison.OrdinalIgnoreCase)
                && name.Length > sources.EnvironmentPrefix.Length)
            {
                var key = name[sources.EnvironmentPrefix.Length..].Replace("__", ConfigurationPath.KeyDelimiter);
                values[key] = value;
                names[key] = name;
            }
        }

        return Layer(values, key => names.GetValueOrDefault(key, sources.EnvironmentPrefix + "…"), document: null);
    }

    private static Dictionary<string, string> ProcessEnvironment() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");

    private static ConfigurationLayer ReadCommandLine(ConfigurationSources sources)
    {
        var values = sources.CommandLine.Where(setting => setting.Value is not null)
            .ToDictionary(
                setting => setting.Key.Replace(".", ConfigurationPath.KeyDelimiter), setting => setting.Value,
                StringComparer.OrdinalIgnoreCase);
        return Layer(values, key => "--" + SettingName.ToOption(key), document: null);
    }

    private static ConfigurationLayer Layer(Dictionary<string, string?> values, Func<string, string> describe, JsonElement? document)
    {
        var provider = new MemoryConfigurationProvider(new MemoryConfigurationSource { InitialData = values });
        provider.Load();
        return new ConfigurationLayer(provider, describe, document);
    }
}
