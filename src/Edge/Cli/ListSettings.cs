using System.Collections.Immutable;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol;

namespace Tunnel.Edge.Cli;

/// <summary>Settings that are lists: a JSON array in a file, or words separated by commas anywhere.</summary>
internal static class ListSettings
{
    private const int AllPorts = 65535;

    /// <summary>Ports and ranges; null when the setting is missing.</summary>
    public static ImmutableArray<int>? PortNumbers(this LayeredConfiguration configuration, string name)
    {
        if (configuration.Words(name) is not { } text)
            return null;
        if (PortList.TryParse(text.Value, out ImmutableArray<int> ports, out ImmutableArray<string> errors, AllPorts))
            return ports;
        foreach (string error in errors)
            configuration.Errors.Add(name, text.Value, error, text.Source);
        return null;
    }
}
