using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Status;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary><c>tunnel-hub certificate next|switch</c>: gives the hub another key without new tokens.</summary>
internal static class CertificateCommands
{
    public static Command Create(CommonOptions options)
    {
        var certificate = new Option<string?>("--cert-pem")
        {
            Description = "File with a certificate of your own and its chain, in PEM [default: the hub makes key and certificate]",
            HelpName = "FILE",
        };
        var key = new Option<string?>("--key-pem")
        {
            Description = "File with its private key, in PEM [default: it is in the same file]",
            HelpName = "FILE",
        };
        var next = new Command("next", "Make the next key and certificate, or take yours, tell its pin to all edges, and print it")
        {
            certificate, key,
        };
        options.Remote(next).Does(options, async (context, cancellation) =>
        {
            var body = Body(context.Value(certificate), context.Value(key));
            var answer = await context.SendAsync(HttpMethod.Post, "api/v1/certificate/next", body?.ToJsonString(), cancellation);
            await context.Out.WriteLineAsync(context.Json ? answer : Read(answer).NextPin);
        });

        var change = new Command("switch", "Make the next certificate the present one, for connections from now on");
        options.Remote(change).Does(options, async (context, cancellation) =>
        {
            var answer = await context.SendAsync(HttpMethod.Post, "api/v1/certificate/switch", null, cancellation);
            var status = Read(answer);
            foreach (var edge in status.EdgesNotTold)
            {
                await context.Error.WriteMessageAsync(
                    $"Edge {edge} has not been connected since the next certificate was announced (or the hub was restarted): unless it "
                    + "knows the pin it needs a new token.");
            }

            await context.Out.WriteLineAsync(context.Json ? answer : status.Pin);
        });
        return new Command("certificate", "Give the hub another key, without new tokens for its edges") { next, change };
    }

    // What the files say is sent, since the hub may be elsewhere, and may not read what the operator may.
    private static JsonObject? Body(string? certificate, string? key)
    {
        if (certificate is null)
            return key is null ? null : throw CommandFailedException.Usage("--key-pem needs --cert-pem FILE with the key's certificate");
        var body = new JsonObject { ["certPem"] = ReadPem("--cert-pem", certificate) };
        if (key is not null)
            body["keyPem"] = ReadPem("--key-pem", key);
        return body;
    }

    private static string ReadPem(string option, string path)
    {
        try
        {
            var text = PemFiles.Read(new PemSource(path));
            return new PemSource(text).IsText ? text : throw CommandFailedException.Usage($"{option} {path}: has no text in PEM");
        }
        catch (IOException error)
        {
            throw CommandFailedException.Usage($"{option} {error.Message}");
        }
    }

    private static CertificateStatus Read(string answer) => JsonSerializer.Deserialize(answer, AdminJson.Default.CertificateStatus)!;
}
