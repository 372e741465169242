using System.CommandLine;
using System.CommandLine.Parsing;
using Tunnel.Shared.Operator;

namespace Tunnel.Shared.CommandLine;

/// <summary>
/// Says what is wrong with a command line, in the same way for all commands: which word is unknown, and what was probably meant.
/// </summary>
internal static class WrongWords
{
    /// <summary>The program and the words of the command that was understood, such as <c>tunnel-hub edge add</c>.</summary>
    public static string PathOf(CommandResult command, string program) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent, program)} {command.Command.Name}" : program;

    /// <summary>Returns a line for each fault.</summary>
    public static IEnumerable<string> Explain(ParseResult parse, string program)
    {
        var path = PathOf(parse.CommandResult, program);
        var command = parse.CommandResult.Command;
        var unknown = Unknown(parse).ToArray();
        // Where the command is not known, nothing can be said of the options behind it.
        var noCommand = command.Subcommands.Count > 0 ? unknown.FirstOrDefault(word => !IsOption(word)) : null;
        foreach (var word in noCommand is null ? unknown : [noCommand])
            yield return Explain(command, path, word);
        if (unknown.Length > 0)
            yield break;
        foreach (var error in parse.Errors)
        {
            yield return command.Subcommands.Count > 0 && parse.CommandResult.Children.OfType<CommandResult>().FirstOrDefault() is null
                ? $"{path} needs a command: {string.Join(", ", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name))}"
                : $"{path}: {error.Message}";
        }
    }

    // The word after an unknown option is its value, and may be a secret.
    private static IEnumerable<string> Unknown(ParseResult parse)
    {
        var isValue = false;
        foreach (var word in parse.UnmatchedTokens)
        {
            if (!isValue || IsOption(word))
                yield return word;
            isValue = IsOption(word) && !word.Contains('=', StringComparison.Ordinal);
        }
    }

    private static string Explain(Command command, string path, string word)
    {
        if (IsOption(word))
        {
            var name = word.Split('=')[0];
            var options = command.Options.Concat(
                command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)));
            return $"{path} has no option "
                + $"{name}{Meant(name, options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name)))}";
        }

        return command.Subcommands.Count > 0
            ? $"{path} has no command \"{word}\"{Meant(word, command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name))}"
            : $"{path} takes no further word \"{word}\"";
    }

    private static string Meant(string word, IEnumerable<string> valid)
    {
        var words = valid.Distinct().ToArray();
        return SettingName.Nearest(word, words) is { } nearest
            ? $"; did you mean {nearest}?"
            : $"; there are {string.Join(", ", words.Where(IsShown).Order(StringComparer.Ordinal))}";
    }

    private static bool IsShown(string word) => word.Length > 2 && word[0] != '/';

    private static bool IsOption(string word) => word.StartsWith('-') && word.Length > 1;
}
