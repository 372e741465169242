using System.CommandLine;
using System.Text;

namespace Tunnel.Shared.CommandLine;

/// <summary>
/// A program's commands in the order of its help, from which manual page and completions are written: so these never name anything that
/// the command line does not take.
/// </summary>
internal static class CommandTree
{
    /// <summary>A command with its words behind the program's name, such as <c>edge add</c>; empty for the program itself.</summary>
    public readonly record struct CommandEntry(string Path, Command Command)
    {
        /// <summary>The commands below this one.</summary>
        public IEnumerable<Command> Commands => Command.Subcommands.Where(command => !command.Hidden);

        /// <summary>The options of this command.</summary>
        public IEnumerable<Option> Options => Command.Options.Where(option => !option.Hidden);

        /// <summary>
        /// The text that a shell matches to go from a command to one below it: the path so far, a space and the next word.
        /// </summary>
        public IEnumerable<string> Steps
        {
            get
            {
                var path = Path;
                return Commands.Select(command => $"{path} {command.Name}");
            }
        }
    }

    /// <summary>Returns the program and all commands below it.</summary>
    public static IEnumerable<CommandEntry> Of(RootCommand root) => Walk(root, "");

    /// <summary>Whether an option is followed by a value.</summary>
    public static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);

    /// <summary>The values of an option that has a few fixed ones, written <c>v1|v2|off</c> in the help; otherwise none.</summary>
    public static string[] ValuesOf(Option option) => option.HelpName is { } name && name.Contains('|') ? name.Split('|') : [];

    /// <summary>The names of an option that people type, the long one first.</summary>
    public static IEnumerable<string> NamesOf(Option option) =>
        option.Aliases.Prepend(option.Name).Where(name => name.StartsWith('-') && name != "-?").Distinct();

    /// <summary>Writes a text as one word for a POSIX shell.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>The program's name as part of a shell function's name.</summary>
    public static string Identifier(string program) => new StringBuilder(program).Replace('-', '_').ToString();

    private static IEnumerable<CommandEntry> Walk(Command command, string path) =>
        command.Subcommands.Where(below => !below.Hidden)
            .SelectMany(below => Walk(below, path.Length == 0 ? below.Name : $"{path} {below.Name}"))
            .Prepend(new CommandEntry(path, command));
}
