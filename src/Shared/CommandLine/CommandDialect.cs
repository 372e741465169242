using System.CommandLine;
using System.CommandLine.Help;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.CommandLine;

/// <summary>
/// What the command lines of both programs have in common: help with examples and exit codes, the words <c>help</c>, <c>version</c>,
/// <c>completion</c> and <c>man</c>, and the messages for a wrong word.
/// </summary>
public static class CommandDialect
{
    /// <summary>Adds the common parts to a program's commands.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="examples">Example command lines, by the words of their command, such as <c>edge add</c>.</param>
    public static void AddTo(RootCommand root, string program, IReadOnlyDictionary<string, string[]> examples)
    {
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction action } help)
                help.Action = new HelpPage(action, program, examples);
            else if (option is VersionOption version)
                version.Aliases.Add("-V");
        }

        root.Add(Word(root, "help", "Show what a command does, with examples", "--help"));
        root.Add(Word(root, "version", "Print the program's version", "--version"));
        root.Add(Completion(root, program));
        root.Add(Manual(root, program, examples));
    }

    /// <summary>Runs the command that the arguments name.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="arguments">The arguments, without the program's name.</param>
    /// <param name="output">Where results go; null is standard output.</param>
    /// <param name="error">Where everything else goes; null is standard error.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> InvokeAsync(
        RootCommand root, string program, string[] arguments, TextWriter? output = null, TextWriter? error = null)
    {
        // The services' runner handles signals; a command just ends. The caller reports what goes wrong.
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        configuration.Output = output ?? configuration.Output;
        configuration.Error = error ?? configuration.Error;
        var parse = root.Parse(arguments);
        if (parse.Errors.Count == 0)
            return await parse.InvokeAsync(configuration).ConfigureAwait(false);
        foreach (var line in WrongWords.Explain(parse, program))
            await configuration.Error.WriteMessageAsync(line).ConfigureAwait(false);
        await configuration.Error.WriteLineAsync(
            $"What is valid: {WrongWords.PathOf(parse.CommandResult, program)} --help").ConfigureAwait(false);
        return ExitCodes.Usage;
    }

    private static Command Completion(RootCommand root, string program)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" }.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print the completion of this program's words for a shell") { shell };
        command.SetAction(parse =>
        {
            Action<RootCommand, string, TextWriter> write = parse.GetRequiredValue(shell) switch
            {
                "bash" => BashCompletion.Write,
                "zsh" => ZshCompletion.Write,
                _ => FishCompletion.Write,
            };
            write(root, program, parse.InvocationConfiguration.Output);
        });
        return command;
    }

    private static Command Manual(RootCommand root, string program, IReadOnlyDictionary<string, string[]> examples)
    {
        var command = new Command("man", "Print the manual page, for man(1)");
        command.SetAction(parse => ManualPage.Write(root, program, examples, parse.InvocationConfiguration.Output));
        return command;
    }

    private static Command Word(RootCommand root, string name, string description, string option)
    {
        var words =
            new Argument<string[]>("COMMAND") { Description = "Words of a command, such as `edge add`", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(name, description);
        if (name == "help")
            command.Add(words);
        command.SetAction((parse, cancellation) =>
        {
            string[] asked = name == "help" ? [.. parse.GetValue(words) ?? [], option] : [option];
            return InvokeAsync(root, root.Name, asked, parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);
        });
        return command;
    }
}
