using System.Globalization;
using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary>Lists of ports on the command line.</summary>
internal static class PortArgument
{
    /// <summary>The list as an edge's definition has it: ports as numbers, ranges as text.</summary>
    /// <param name="option">The option's name, for the errors.</param>
    /// <param name="list">What was written.</param>
    /// <param name="errors">Where what is wrong is added.</param>
    public static JsonArray Read(string option, string? list, List<string> errors)
    {
        PortList.TryParse(list, out var ports, out var wrong);
        errors.AddRange(wrong.Select(error => $"{option}: {error}; valid is a list such as 80,443,8000-8010"));
        var text = PortList.Format(ports);
        var entries = text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(entry =>
            int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                ? JsonValue.Create(port)
                : JsonValue.Create(entry));

        // By the constructor: a collection expression adds each by a generic method that native AOT can't have.
        return new JsonArray([.. entries]);
    }
}
