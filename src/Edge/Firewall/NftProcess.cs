using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Runs Debian's <c>nft</c> as a child process, always with our own arguments. What comes from the network goes in through standard input
/// as JSON, and only after it was parsed into numbers and addresses.
/// </summary>
/// <param name="program">The program's path; null when it is not installed.</param>
/// <param name="timeLimit">The time after which it is killed.</param>
internal sealed class NftProcess(string? program, TimeSpan timeLimit) : INft
{
    /// <summary>The default time limit. Ten thousand elements take a small part of it.</summary>
    public static readonly TimeSpan DefaultTimeLimit = TimeSpan.FromSeconds(15);

    // The longest output that is needed is a set of ten thousand timed blocks.
    private const int MaxOutput = 8 << 20;
    private const int MaxError = 400;

    // PATH is not used, because the edge may run as root, and unprivileged users often lack /usr/sbin in theirs.
    private static readonly string[] Places = [
        "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft", "/run/current-system/sw/bin/nft"];

    /// <summary>Creates one for the <c>nft</c> that is installed on this machine.</summary>
    public static NftProcess OfMachine() => new(Places.FirstOrDefault(File.Exists), DefaultTimeLimit);

    public Task<NftResult> RunAsync(byte[] document, CancellationToken cancellationToken) =>
        RunAsync(["-j", "-f", "-"], document, cancellationToken);

    public Task<NftResult> ListAsync(byte[] document, CancellationToken cancellationToken) =>
        RunAsync(["-j", "-t", "-f", "-"], document, cancellationToken);

    private async Task<NftResult> RunAsync(string[] arguments, byte[] document, CancellationToken cancellationToken)
    {
        if (program is null)
            return new NftResult(NftOutcome.Unavailable, "nft is not installed (package nftables)");
        using var process = new Process { StartInfo = CreateStart(program, arguments) };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new NftResult(NftOutcome.Unavailable, $"{program} can't be started: {e.Message}");
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(timeLimit);
        try
        {
            var output = ReadAsync(process.StandardOutput, MaxOutput, timeout.Token);
            var error = ReadAsync(process.StandardError, MaxOutput, timeout.Token);
            await WriteAsync(process, document, timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return process.ExitCode == 0 ? new NftResult(NftOutcome.Done, await output) : Failure(await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            cancellationToken.ThrowIfCancellationRequested();
            return new NftResult(NftOutcome.Refused, $"nft did not finish within {timeLimit.TotalSeconds:0} s");
        }
    }

    private static ProcessStartInfo CreateStart(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        // The error messages are compared with English texts.
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private static async Task WriteAsync(Process process, byte[] document, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(document, cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The process ended without reading; its exit code and messages tell why.
        }
    }

    /// <summary>Reads to the end, so that the child never blocks, and keeps the beginning.</summary>
    private static async Task<string> ReadAsync(StreamReader reader, int max, CancellationToken cancellationToken)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer, cancellationToken) is var count and > 0)
            kept.Append(buffer, 0, Math.Min(count, max - kept.Length));
        return kept.ToString();
    }

    private static NftResult Failure(string error)
    {
        // The first line says what is wrong; the following lines quote the document.
        var line = error.Split('\n', 2)[0].Trim();
        line = line.Length <= MaxError ? line : line[..MaxError];
        if (error.Contains("Operation not permitted", StringComparison.Ordinal))
        {
            return new NftResult(
                NftOutcome.Unavailable,
                "no right to change the packet filter: the edge needs CAP_NET_ADMIN, passed on to nft (ambient), or root");
        }

        if (error.Contains("Protocol not supported", StringComparison.Ordinal) || error.Contains(
            "Unable to initialize", StringComparison.Ordinal))
        {
            return new NftResult(NftOutcome.Unavailable, $"the kernel has no nf_tables: {line}");
        }

        return new NftResult(NftOutcome.Refused, line.Length > 0 ? line : "nft failed and printed nothing");
    }
}
