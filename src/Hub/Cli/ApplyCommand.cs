using System.CommandLine;
using System.Text;
using System.Text.Json;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Files;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub apply -f FILE [--dry-run]</c>: replaces the whole set of allowed edges.</summary>
internal static class ApplyCommand
{
    // The hub hashes about twenty chosen secrets a second, and fewer on a busy machine, so the first apply of a large set takes long.
    // Ctrl-C cancels it, at the hub too.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan TimeForSecret = TimeSpan.FromSeconds(0.05);
    private const int ManySecrets = 200;
    private const int Patience = 5;

    // This includes spaces and comments, which are not sent to the hub.
    private const int MaxText = 4 * AdminRequest.MaxSetBody;
    private const int ReadSize = 64 << 10;

    public static Command Create(CommonOptions options)
    {
        var file = new Option<string>("--file", "-f")
        {
            Description = "JSON array of edges; - reads standard "
            + "input",
            HelpName = "FILE",
            Required = true
        };
        var command = new Command(
            "apply", "Replace all allowed edges by those of a file, and show what changes by edge and port") { file, options.DryRun };
        return options.Remote(command).Does(options, async (context, cancellation) =>
        {
            var (edges, secrets) = await ReadAsync(context.Value(file)!, cancellation);
            if (secrets >= ManySecrets)
            {
                await context.Error.WriteLineAsync(
                    $"The hub hashes the {secrets} secrets of the file, those that it does not know yet slowly: about "
                    + $"{TimeText.Format(secrets * TimeForSecret)} the first time. An edge that keeps its secret needs none in the file.");
            }

            var onlyCheck = context.Value(options.DryRun);
            var answer =
                await context.SendAsync(HttpMethod.Put, $"api/v1/edges{(onlyCheck ? "?dryRun=true" : "")}", edges, cancellation,
                    Timeout + (secrets * TimeForSecret * Patience));
            await ChangePrinter.PrintChangesAsync(context, answer, onlyCheck);
        });
    }

    // The hub judges the content and names faults by their place in the document. Spaces and comments are removed here, so that more fits
    // into the largest allowed body.
    private static async Task<(string Edges, int Secrets)> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var text = await ReadTextAsync(path, cancellationToken);
        using var edges = JsonText.Parse(text, out var faults)
            ?? throw CommandFailedException.Usage(string.Join('\n', faults.Select(fault => $"{path}: {fault}")));
        var compact = JsonSerializer.Serialize(edges.RootElement, EdgeJson.Default.JsonElement);
        return Encoding.UTF8.GetByteCount(compact) <= AdminRequest.MaxSetBody
            ? (compact, CountSecrets(edges.RootElement))
            : throw CommandFailedException.Usage($"{path}: has more than {AdminRequest.MaxSetBody} bytes without spaces and comments");
    }

    private static int CountSecrets(JsonElement edges) => edges.ValueKind != JsonValueKind.Array
        ? 0
        : edges.EnumerateArray().Count(edge => edge.ValueKind == JsonValueKind.Object && edge.TryGetProperty("secret", out _));

    private static async Task<byte[]> ReadTextAsync(string path, CancellationToken cancellationToken)
    {
        if (path != "-" && UnixFile.FaultOfFile(path) is { } fault)
            throw CommandFailedException.Usage($"--file {path}: {fault}");
        try
        {
            await using var input = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            var text = new MemoryStream();
            var buffer = new byte[ReadSize];
            int read;
            while ((read = await input.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (text.Length + read > MaxText)
                    throw CommandFailedException.Usage($"{path}: has more than {MaxText} bytes");
                text.Write(buffer, 0, read);
            }

            return text.ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandFailedException.Usage($"{path}: can't be read: {FileFault.Of(error, path)}");
        }
    }
}
