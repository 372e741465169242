using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Status;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub certificate next|switch</c>: gives the hub another key without new tokens.</summary>
internal static class CertificateCommands
{
    public static Command Create(CommonOptions options)
    {
        var next = new Command("next", "Make the next key and certificate, tell its pin to all edges, and print it");
        options.Remote(next).Does(options, async (context, cancellation) =>
        {
            var answer = await context.SendAsync(HttpMethod.Post, "api/v1/certificate/next", null, cancellation);
            await context.Out.WriteLineAsync(context.Json ? answer : Read(answer).NextPin);
        });

        var change = new Command("switch", "Make the next certificate the present one, for connections from now on");
        options.Remote(change).Does(options, async (context, cancellation) =>
        {
            var answer = await context.SendAsync(HttpMethod.Post, "api/v1/certificate/switch", null, cancellation);
            var status = Read(answer);
            foreach (var edge in status.EdgesNotTold)
                await context.Error.WriteMessageAsync(
                    $"Edge {edge} has not been connected since the next certificate was announced (or the hub was restarted): unless it "
                    + "knows the pin it needs a new token.");
            await context.Out.WriteLineAsync(context.Json ? answer : status.Pin);
        });
        return new Command("certificate", "Give the hub another key, without new tokens for its edges") { next, change };
    }

    private static CertificateStatus Read(string answer) => JsonSerializer.Deserialize(answer, AdminJson.Default.CertificateStatus)!;
}
