using System.Globalization;
using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary>Reads lists of ports on the command line.</summary>
internal static class PortArgument
{
    /// <summary>Converts a list to the form of an edge's definition: ports as numbers, ranges as text.</summary>
    /// <param name="option">The option's name, for the errors.</param>
    /// <param name="list">The list as written on the command line.</param>
    /// <param name="errors">Receives every fault.</param>
    public static JsonArray Read(string option, string? list, List<string> errors)
    {
        PortList.TryParse(list, out var ports, out var wrong);
        errors.AddRange(wrong.Select(error => $"{option}: {error}; valid is a list such as 80,443,8000-8010"));
        var text = PortList.Format(ports);
        var entries = text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(entry =>
            int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                ? JsonValue.Create(port)
                : JsonValue.Create(entry));

        // Uses the constructor: a collection expression adds each item by a generic method that native AOT does not support.
        return new JsonArray([.. entries]);
    }
}
