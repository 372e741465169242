using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Backups;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub backup FILE</c> and <c>restore FILE</c>: the hub's state with its key in one file.</summary>
internal static class BackupCommands
{
    // Far above what a hub of ten thousand edges keeps; a file that is larger is no backup, and is not read into memory.
    private const long MaxLength = 1L << 30;

    private static readonly StateFiles Files = new();

    public static Command CreateBackup(CommonOptions options)
    {
        var file =
            new Argument<string>("FILE") { Description = "The file to write, readable by its owner alone; it has the hub's private key" };
        var stateDir = StateDir();
        return new Command(
            "backup", "Write the hub's state, certificate and key to one file; the hub may be running") { file, stateDir }.Does(
            options, async (context, _) =>
            {
                var directory = Directory(context, stateDir);
                var document = Backup.Make(directory, Files, TimeProvider.System.GetUtcNow());
                var path = Path.GetFullPath(context.Value(file)!);
                try
                {
                    Files.Replace(path, Backup.Write(document));
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    throw new OperatorException($"{path} can't be written: {error.Message}", error);
                }

                await context.Out.WriteLineAsync(
                    $"{path} has {CountText.Of(document.Files.Length, "file")} of {directory}. Keep it safe: it has the hub's key.");
                if (document.ContentOf(Accepting.HubCertificate.FileName) is null)
                    await context.Error.WriteLineAsync("The certificate of tls.certPem is not in it: keep those files yourself.");
            });
    }

    public static Command CreateRestore(CommonOptions options)
    {
        var file = new Argument<string>("FILE") { Description = "A file that tunnel-hub backup has written" };
        var stateDir = StateDir();
        return new Command(
            "restore",
            "Replace the state of a hub that is stopped by that of a backup, once all of it is verified") { file, stateDir,
            options.DryRun }.Does(
            options, async (context, _) =>
            {
                var (path, directory) = (context.Value(file)!, Directory(context, stateDir));
                var document = Backup.Read(Content(path), path);
                var what = string.Create(
                    CultureInfo.InvariantCulture,
                    $"the state of {document.Made.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, {CountText.Of(document.Files.Length, "file")} of a "
                    + $"hub {document.Hub}");
                if (context.Value(options.DryRun))
                {
                    await context.Out.WriteLineAsync($"{path} is in order: {what}.");
                    return;
                }

                try
                {
                    using var held =
                        StateDirectory.Take(directory, HubStateFiles.All, TimeProvider.System.GetUtcNow(), NullLogger.Instance);
                    Restore.Run(document, directory, Files);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    throw new OperatorException($"The state in {directory} can't be replaced: {error.Message}", error);
                }

                await context.Out.WriteLineAsync($"{directory} has {what}. Start the hub: its edges know its key.");
            });
    }

    private static Option<string?> StateDir() => new("--state-dir")
    {
        Description = "Directory of the hub's state [default: where `run` has it with the same file and environment]",
        HelpName = "DIR",
    };

    private static string Directory(CommandContext context, Option<string?> stateDir) =>
        Path.GetFullPath(context.Value(stateDir) ?? TunnelHubOptionsReader.UsualStateDir());

    private static byte[] Content(string path)
    {
        if (UnixFile.FaultOfFile(path) is { } fault)
            throw CommandFailedException.Usage($"{path}: {fault}");
        try
        {
            return new FileInfo(path).Length <= MaxLength
                ? File.ReadAllBytes(path)
                : throw CommandFailedException.Usage($"{path}: is too large for a backup");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandFailedException.Usage($"{path}: can't be read: {FileFault.Of(error, path)}");
        }
    }
}
