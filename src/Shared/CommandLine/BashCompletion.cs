using System.CommandLine;

namespace Tunnel.Shared.CommandLine;

/// <summary>Writes the completion for bash; where it has no words of its own, bash completes file names.</summary>
internal static class BashCompletion
{
    public static void Write(RootCommand root, string program, TextWriter output)
    {
        var entries = CommandTree.Of(root).ToArray();
        var function = $"_{CommandTree.Identifier(program)}";
        output.WriteLine($$"""
            # bash completion for {{program}}, written by `{{program}} completion bash`.
            {{function}}() {
              local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} at= word words=
              for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                case "$at $word" in
                  {{Pattern(entries.SelectMany(entry => entry.Steps))}}) at="${at:+$at }$word" ;;
                esac
              done
              case "$at" in
            """);
        foreach (var entry in entries)
            output.WriteLine($"    {CommandTree.Quote(entry.Path)}) words={CommandTree.Quote(string.Join(' ', Words(entry)))} ;;");
        output.WriteLine("  esac");
        output.WriteLine("  case \"$at|$prev\" in");
        foreach (var entry in entries)
        {
            foreach (var option in entry.Options.Where(CommandTree.TakesValue))
            {
                var pattern = Pattern(CommandTree.NamesOf(option).Select(name => $"{entry.Path}|{name}"));
                output.WriteLine($"    {pattern}) words={CommandTree.Quote(string.Join(' ', CommandTree.ValuesOf(option)))} ;;");
            }
        }

        output.WriteLine($$"""
              esac
              COMPREPLY=($(compgen -W "$words" -- "$cur"))
            }
            complete -o default -F {{function}} {{program}}
            """);
    }

    private static string Pattern(IEnumerable<string> words) => string.Join(" | ", words.Select(CommandTree.Quote));

    private static IEnumerable<string> Words(CommandTree.CommandEntry entry) =>
        entry.Commands.Select(command => command.Name).Concat(entry.Options.SelectMany(CommandTree.NamesOf).Where(name => name.Length > 2));
}
