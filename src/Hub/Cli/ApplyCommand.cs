using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Admin;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub apply -f FILE [--dry-run]</c>: replaces the whole set of allowed edges.</summary>
internal static class ApplyCommand
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    public static Command Create(CommonOptions options)
    {
        var file = new Option<string>("--file", "-f") { Description = "JSON array of edges; - reads standard input", HelpName = "FILE", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only check, and show what would change" };
        var command = new Command("apply", "Replace all allowed edges by those of a file, and show what changes by edge and port") { file, dryRun };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var edges = await ReadAsync(context.Value(file)!, cancellation);
            var onlyCheck = context.Value(dryRun);
            var answer = await context.SendAsync(HttpMethod.Put, $"api/v1/edges{(onlyCheck ? "?dryRun=true" : "")}", edges, cancellation);
            await PrintAsync(context, answer, onlyCheck);
        });
    }

    private static async Task<JsonNode?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var input = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            if (input.CanSeek && input.Length > AdminRequest.MaxBody)
                throw CommandFailedException.Usage($"{path}: has more than {AdminRequest.MaxBody} bytes");
            return await JsonNode.ParseAsync(input, documentOptions: Lenient, cancellationToken: cancellationToken) ?? new JsonArray();
        }
        catch (JsonException error)
        {
            // The parser's message may quote a secret; it counts lines from 0.
            throw CommandFailedException.Usage($"{path}: is not valid JSON at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}");
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
            await context.Out.WriteLineAsync(line);
        await context.Out.WriteLineAsync(lines.Count == 0 ? "No changes." : dryRun ? "Dry run: nothing was changed." : "Applied.");
    }
}
