using System.CommandLine;

namespace Tunnel.Shared.CommandLine;

/// <summary>Writes the completion for zsh, with descriptions.</summary>
internal static class ZshCompletion
{
    public static void Write(RootCommand root, string program, TextWriter output)
    {
        var entries = CommandTree.Of(root).ToArray();
        var function = $"_{CommandTree.Identifier(program)}";
        output.WriteLine($$"""
            #compdef {{program}}
            # zsh completion for {{program}}, written by `{{program}} completion zsh`.
            {{function}}() {
              local at= word
              local -a commands options
              for word in ${words[2,CURRENT-1]}; do
                case "$at $word" in
                  ({{Pattern(entries.SelectMany(entry => entry.Steps))}}) at="${at:+$at }$word" ;;
                esac
              done
              case "$at|${words[CURRENT-1]}" in
            """);
        foreach (var entry in entries)
        {
            foreach (var option in entry.Options.Where(CommandTree.TakesValue))
            {
                var values = CommandTree.ValuesOf(option);
                var action = values.Length == 0 ? "_files" : $"compadd -- {string.Join(' ', values.Select(CommandTree.Quote))}";
                output.WriteLine(
                    $"    ({Pattern(CommandTree.NamesOf(option).Select(name => $"{entry.Path}|{name}"))}) {action}; return ;;");
            }
        }

        output.WriteLine("  esac");
        output.WriteLine("  case \"$at\" in");
        foreach (var entry in entries)
        {
            output.WriteLine($"    ({CommandTree.Quote(entry.Path)})");
            output.WriteLine($"      commands=({Described(entry.Commands.Select(command => (command.Name, command.Description)))})");
            var options = entry.Options.SelectMany(option => CommandTree.NamesOf(option).Select(name => (name, option.Description)));
            output.WriteLine($"      options=({Described(options)}) ;;");
        }

        output.WriteLine($$"""
              esac
              if [[ ${words[CURRENT]} == -* ]]; then
                _describe option options
              elif (( ${#commands} )); then
                _describe command commands
              else
                _files
              fi
            }
            compdef {{function}} {{program}}
            """);
    }

    private static string Pattern(IEnumerable<string> words) => string.Join("|", words.Select(CommandTree.Quote));

    private static string Described(IEnumerable<(string Name, string? Description)> words) =>
        string.Join(' ', words.Select(word => CommandTree.Quote($"{word.Name}:{word.Description}")));
}
