using System.CommandLine;
using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.CommandLine;

/// <summary>Writes the manual page (man(7)): every command with its options and examples, as its help has them.</summary>
internal static class ManualPage
{
    public static void Write(RootCommand root, string program, IReadOnlyDictionary<string, string[]> examples, TextWriter output)
    {
        var summary = root.Description!.Split(". Start with", 2)[0];
        output.WriteLine($"""
            .TH {program.ToUpperInvariant()} 1 "" "{program} {ProductVersion.Number}" "User commands"
            .SH NAME
            {Escape(program)} \- {Escape(char.ToLowerInvariant(summary[0]) + summary[1..])}
            .SH SYNOPSIS
            .B {Escape(program)}
            .I command
            .RI [ options ]
            .SH DESCRIPTION
            {Escape(root.Description)}
            .SH COMMANDS
            """);
        foreach (var entry in CommandTree.Of(root).Where(entry => entry.Path.Length > 0))
            Write(entry, program, examples, output);
        output.WriteLine($"""
            .SH FILES
            .TP
            .I /etc/{program}
            Configuration; operations.md and the pages below it describe the settings.
            .TP
            .I /var/lib/{program}
            State.
            .SH EXIT STATUS
            0 fine, 1 failed, 2 not valid (nothing was done).
            """);
    }

    private static void Write(
        CommandTree.CommandEntry entry, string program, IReadOnlyDictionary<string, string[]> examples, TextWriter output)
    {
        var arguments = string.Concat(entry.Command.Arguments.Select(argument => $" <{argument.HelpName ?? argument.Name}>"));
        var more = entry.Commands.Any() ? " <command>" : "";
        output.WriteLine($".SS \"{Escape($"{program} {entry.Path}{more}{arguments} [options]")}\"");
        output.WriteLine($"{Escape(entry.Command.Description!.TrimEnd('.'))}.");
        foreach (var argument in entry.Command.Arguments.Where(argument => argument.Description is not null))
            Item($"<{argument.HelpName ?? argument.Name}>", argument.Description!, output);
        foreach (var option in entry.Options)
        {
            var value = CommandTree.TakesValue(option) ? $" <{option.HelpName ?? option.Name}>" : "";
            Item(string.Join(", ", CommandTree.NamesOf(option)) + value, option.Description!, output);
        }

        if (!examples.TryGetValue(entry.Path, out var lines))
            return;
        output.WriteLine(".PP");
        output.WriteLine("Examples:");
        output.WriteLine(".PP");
        output.WriteLine(".nf");
        foreach (var line in lines)
            output.WriteLine($".RS\n{Escape(line)}\n.RE");
        output.WriteLine(".fi");
    }

    private static void Item(string name, string description, TextWriter output)
    {
        output.WriteLine(".TP");
        output.WriteLine($".B \"{Escape(name)}\"");
        output.WriteLine(Escape(description));
    }

    // The quotation mark ends an argument of a macro, and a line that starts with a point or an apostrophe would be one.
    private static string Escape(string text)
    {
        var escaped = text.Replace(@"\", @"\e", StringComparison.Ordinal).Replace("-", @"\-", StringComparison.Ordinal)
            .Replace("\"", @"\(dq", StringComparison.Ordinal).Replace("`", @"\(ga", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? @"\&" + escaped : escaped;
    }
}
