using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Tunnel.Shared.CommandLine;

/// <summary>A command's help, followed by its examples and exit codes.</summary>
internal sealed class HelpPage(HelpAction page, string program, IReadOnlyDictionary<string, string[]> examples)
    : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = page.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var words = WrongWords.PathOf(parseResult.CommandResult, program)[program.Length..].TrimStart();
        if (examples.TryGetValue(words, out var lines))
        {
            output.WriteLine("Examples:");
            foreach (var line in lines)
                output.WriteLine($"  {line}");
            output.WriteLine();
        }

        output.WriteLine("Exit codes: 0 fine, 1 failed, 2 not valid (nothing was done).");
        return code;
    }
}
