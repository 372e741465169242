using System.CommandLine;
using System.Text.Json.Nodes;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary>
/// The options for a port's settings: one for each row of <see cref="PortSettings"/>, or for several rows that one option covers.
/// </summary>
internal sealed class PortOptions
{
    private readonly List<(Option<string[]> Option, PortSetting[] Settings)> _options = [.. PortSettings.All
        .GroupBy(setting => setting.OptionName).Select(settings => (Create(settings.Key, [.. settings]), settings.ToArray()))];

    public void AddTo(Command command)
    {
        foreach (var (option, _) in _options)
            command.Options.Add(option);
    }

    /// <summary>Writes the given options into a policy.</summary>
    /// <returns>Whether any option was given.</returns>
    public bool Apply(CommandContext context, PortKinds kind, JsonObject policy)
    {
        var given = false;
        foreach (var (option, settings) in _options)
        {
            if (context.Value(option) is not { Length: > 0 } words)
                continue;
            given = true;
            var fitting = settings.Where(setting => kind == PortKinds.Both || setting.IsFor(kind == PortKinds.Udp)).ToList();
            // A setting for other ports is kept, so that the hub refuses it.
            foreach (var setting in fitting.Count > 0 ? fitting : [.. settings])
            {
                if (setting.FromOption(words, kind) is { } value)
                    policy[setting.Name] = value;
            }
        }

        return given;
    }

    /// <summary>Returns the default settings of an edge whose ports are all to have this PROXY header.</summary>
    public static JsonObject Proxy(string word)
    {
        var policy = new JsonObject();
        foreach (var setting in PortSettings.All.Where(setting => setting.OptionName == "--proxy"))
            policy[setting.Name] = setting.FromOption([word], PortKinds.Both);
        return policy;
    }

    /// <summary>Removes a setting from a policy, by its name or by the name of its option.</summary>
    public static void Unset(JsonObject policy, string name)
    {
        var settings = PortSettings.All.Where(
            setting => setting.Name == name || setting.OptionName == name || setting.OptionName == $"--{name}").ToList();
        if (settings.Count == 0)
        {
            var nearest = SettingName.Nearest(name, PortSettings.All.Select(setting => setting.Name));
            throw CommandFailedException.Usage(nearest is null
                ? $"--unset \"{name}\": no such setting; there are {string.Join(", ", PortSettings.All.Select(setting => setting.Name))}"
                : $"--unset \"{name}\": no such setting; did you mean {nearest}?");
        }

        foreach (var setting in settings)
            policy.Remove(setting.Name);
    }

    private static Option<string[]> Create(string name, PortSetting[] settings)
    {
        var isList = settings[0].Schema.Type == SettingType.List;
        return new Option<string[]>(name)
        {
            Description = string.Join("; ", settings.Select(Describe)).Replace("`", "", StringComparison.Ordinal),
            HelpName = string.Join('|', settings.SelectMany(setting => setting.HelpName.Split('|')).Distinct()),
            AllowMultipleArgumentsPerToken = isList,
            Arity = ArgumentArity.OneOrMore,
        };
    }

    private static string Describe(PortSetting setting)
    {
        var ports = setting.For == PortKinds.Both ? "" : $" ({setting.For.ToString().ToUpperInvariant()})";
        return $"{setting.Summary}{ports} [default: {setting.Default}]";
    }
}
