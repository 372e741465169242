using System.CommandLine;

namespace Tunnel.Shared.CommandLine;

/// <summary>Writes the completion for fish, with descriptions.</summary>
internal static class FishCompletion
{
    public static void Write(RootCommand root, string program, TextWriter output)
    {
        var entries = CommandTree.Of(root).ToArray();
        var function = $"__{CommandTree.Identifier(program)}_at";
        output.WriteLine($$"""
            # fish completion for {{program}}, written by `{{program}} completion fish`.
            function {{function}}
              set -l at ''
              for word in (commandline -opc)[2..-1]
                switch "$at $word"
                  case {{string.Join(' ', entries.SelectMany(entry => entry.Steps).Select(Quote))}}
                    set at (string trim -- "$at $word")
                end
              end
              test "$at" = "$argv[1]"
            end
            """);
        foreach (var entry in entries)
        {
            var start = $"complete -c {program} -n {Quote($"{function} \"{entry.Path}\"")}";
            foreach (var command in entry.Commands)
                output.WriteLine($"{start} -f -a {Quote(command.Name)} -d {Quote(command.Description!)}");
            foreach (var option in entry.Options)
                output.WriteLine($"{start}{Names(option)}{Value(option)} -d {Quote(option.Description!)}");
        }
    }

    private static string Names(Option option) =>
        string.Concat(CommandTree.NamesOf(option).Select(name => name.Length == 2 ? $" -s {name[1..]}" : $" -l {name[2..]}"));

    private static string Value(Option option) =>
        !CommandTree.TakesValue(option) ? ""
        : CommandTree.ValuesOf(option) is { Length: > 0 } values ? $" -x -a {Quote(string.Join(' ', values))}"
        : " -r";

    // Within single quotes fish takes the backslash as its own.
    private static string Quote(string text) =>
        $"'{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";
}
