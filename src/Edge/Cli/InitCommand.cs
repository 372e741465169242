using System.CommandLine;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Cli;

/// <summary><c>tunnel-edge init</c>: keeps the hub's token where the service finds it, and starts the service.</summary>
internal static class InitCommand
{
    private const string UsualToken = "/etc/tunnel-edge/token";
    private const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly Option<string?> TokenFile = new("--token-file")
    {
        Description = "A file with the token that the hub printed [default: asked for on a terminal, or standard input]",
        HelpName = "FILE",
    };

    private static readonly Option<string?> To = new("--to")
    {
        Description = $"The file to write [default: {UsualToken}, where the service finds it]",
        HelpName = "FILE",
    };

    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only check, and show what would be done" };

    public static Command Create()
    {
        var command = new Command(
            "init", "Keep the hub's token in a file of the right mode, and enable and start the service where systemd has it")
        {
            TokenFile, To, DryRun,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var token = await ReadAsync(parsed.GetValue(TokenFile), error, cancellationToken);
        if (!ConnectionToken.TryDecode(token, out var decoded, out var fault))
        {
            await error.WriteMessageAsync($"The token {fault}; copy the whole token that the hub printed (tunnel-hub edge token)");
            return ExitCodes.Usage;
        }

        var path = Path.GetFullPath(parsed.GetValue(To) ?? UsualToken);
        var steps = FirstSteps.OfMachine();
        steps.Write(path, token.Trim() + "\n", ForOwner, isSecret: true);
        // A file of another place is not the service's.
        if (path == UsualToken)
            steps.Start(EdgeCommandLine.Program, $"tunnel-edge run --token-file {path}");
        if (parsed.GetValue(DryRun))
        {
            steps.Show(output);
            return ExitCodes.Fine;
        }

        await steps.DoAsync(output);
        await output.WriteMessageAsync($"""

            {(decoded.HubDials
                ? $"This is edge {decoded.EdgeId}, which awaits its hub at TCP port {decoded.Port}: let the hub in there."
                : $"This is edge {decoded.EdgeId} of the hub at {decoded.Host}:{decoded.Port}.")}
            Is it connected?      sudo tunnel-edge status
            If not, why?          sudo tunnel-edge doctor
            At the hub:           sudo tunnel-hub status
            """);
        return ExitCodes.Fine;
    }

    private static async Task<string> ReadAsync(string? file, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            if (file is not (null or "-") && UnixFile.FaultOfFile(file) is { } fault)
                throw new OperatorException($"--token-file {file}: {fault}");
            if (file is null && !Console.IsInputRedirected)
                await error.WriteAsync("Paste the token that the hub printed, and press Enter: ");
            using var own = file is null or "-" ? null : new StreamReader(file);
            return await FirstLineAsync(own ?? Console.In, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The token can't be read: {e.Message}", e);
        }
    }

    // A longer line is no token, and is not kept.
    private static async Task<string> FirstLineAsync(TextReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[ConnectionToken.MaxLength + 2];
        var count = 0;
        while (count < buffer.Length && await reader.ReadAsync(buffer.AsMemory(count, 1), cancellationToken) > 0 && buffer[count] != '\n')
            count++;
        return new string(buffer, 0, count);
    }
}
