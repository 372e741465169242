using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Edges;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub apply -f FILE [--dry-run]</c>: replaces the whole set of allowed edges.</summary>
internal static class ApplyCommand
{
    // The hub hashes some twenty chosen secrets a second, so the first apply of a large set takes its time. Ctrl-C gives up; then the hub does too.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);

    public static Command Create(CommonOptions options)
    {
        var file = new Option<string>("--file", "-f") { Description = "JSON array of edges; - reads standard input", HelpName = "FILE", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only check, and show what would change" };
        var command = new Command("apply", "Replace all allowed edges by those of a file, and show what changes by edge and port") { file, dryRun };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var edges = await ReadAsync(context.Value(file)!, cancellation);
            var onlyCheck = context.Value(dryRun);
            var answer = await context.SendAsync(HttpMethod.Put, $"api/v1/edges{(onlyCheck ? "?dryRun=true" : "")}", edges, cancellation, Timeout);
            await PrintAsync(context, answer, onlyCheck);
        });
    }

    // Passed on as it is: the hub says what is wrong with it, by its place in the file.
    private static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var input = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            if (input.CanSeek && input.Length > AdminRequest.MaxBody)
                throw CommandFailedException.Usage($"{path}: has more than {AdminRequest.MaxBody} bytes");
            using var edges = await JsonDocument.ParseAsync(input, EdgeJson.DocumentOptions, cancellationToken);
            return edges.RootElement.GetRawText();
        }
        catch (JsonException error)
        {
            // The parser's message may quote a secret; it counts lines from 0.
            throw CommandFailedException.Usage($"{path}: is not valid JSON (or names a member twice) at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandFailedException.Usage($"{path}: can't be read: {error.Message}");
        }
    }

    private static async Task PrintAsync(CommandContext context, string answer, bool dryRun)
    {
        using var json = JsonDocument.Parse(answer);
        await ChangePrinter.PrintWarningsAsync(context, json.RootElement);
        if (context.Json)
        {
            await context.Out.WriteLineAsync(answer);
            return;
        }

        var lines = ChangePrinter.DiffLines(json.RootElement).ToList();
        foreach (var line in lines)
            await context.Out.WriteTextAsync(line);
        await context.Out.WriteLineAsync(lines.Count == 0 ? "No changes." : dryRun ? "Dry run: nothing was changed." : "Applied.");
    }
}
