using System.Net;
using System.Text.Json.Nodes;
using Tunnel.Hub.Cli;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>The hub makes the next certificate, or takes the operator's.</summary>
public sealed class NextCertificateTests
{
    private const string Path = "api/v1/certificate/next";

    private static readonly (string Certificate, string Key) Pem = Make();

    [Fact]
    public async Task Without_a_body_it_is_made_and_with_one_it_is_taken()
    {
        await using var admin = await AdminFixture.StartAsync();
        Assert.False((await admin.SendAsync(HttpMethod.Post, Path)).Json.TryGetProperty("nextPin", out _));
        foreach (var body in new[] { Body(Pem.Certificate, Pem.Key), Body(Pem.Certificate + "\n" + Pem.Key, null) })
        {
            var (status, json) = await admin.SendAsync(HttpMethod.Post, Path, body);
            Assert.Equal((HttpStatusCode.OK, "True True"), (status, json.GetProperty("nextPin").GetString()));
        }
    }

    [Fact]
    public async Task What_can_not_be_used_is_refused_without_the_key_in_the_answer()
    {
        await using var admin = await AdminFixture.StartAsync();
        foreach (var (body, path) in new[]
        {
            (Body(null, Pem.Key), "$.certPem"), (Body(Pem.Certificate, null), "$.certPem"),
            (Body(Pem.Certificate, Make().Key), "$.certPem"),
            (Body("relative.pem", null), "$.certPem"), (Body(Pem.Certificate, "relative.key"), "$.keyPem"),
            (Body("/nowhere.pem", null), "$.certPem"), ("[]", "$"),
        })
        {
            var (status, problem) = await admin.SendAsync(HttpMethod.Post, Path, body);
            Assert.Equal((HttpStatusCode.BadRequest, path), (status, problem.GetProperty("errors")[0].GetProperty("path").GetString()));
            Assert.DoesNotContain(Pem.Key.Split('\n')[1], problem.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_command_sends_what_its_files_say()
    {
        await using var admin = await AdminFixture.StartAsync();
        var (certificate, key, both) = (admin.File("own.crt", Pem.Certificate), admin.File("own.key", Pem.Key),
            admin.File("own.pem", $"{Pem.Certificate}\n{Pem.Key}"));
        Assert.Equal((ExitCodes.Fine, "True True\n", ""), await RunAsync(admin, "--cert-pem", certificate, "--key-pem", key));
        Assert.Equal((ExitCodes.Fine, "True True\n", ""), await RunAsync(admin, "--cert-pem", both));

        foreach (var (expected, arguments) in new (string, string[])[]
        {
            ("--key-pem needs --cert-pem FILE", ["--key-pem", key]), ("--cert-pem: The key contents", ["--cert-pem", certificate]),
            ("--cert-pem /nowhere.pem does not exist", ["--cert-pem", "/nowhere.pem"]),
            ("has no text in PEM", ["--cert-pem", admin.File("none.pem", "none")]),
        })
        {
            var (code, output, error) = await RunAsync(admin, arguments);
            Assert.Equal((ExitCodes.Usage, ""), (code, output));
            Assert.Contains(expected, error, StringComparison.Ordinal);
        }
    }

    private static (string Certificate, string Key) Make()
    {
        using var made = TestCertificates.Make(null, null, "hub.test");
        return (made.ExportCertificatePem(), TestCertificates.KeyPem(made));
    }

    private static string Body(string? certificate, string? key) =>
        new JsonObject { ["certPem"] = certificate, ["keyPem"] = key }.ToJsonString();

    private static async Task<(int Code, string Output, string Error)> RunAsync(AdminFixture admin, params string[] arguments)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var code = await HubCommandLine.InvokeAsync(
            ["certificate", "next", .. arguments, "--admin-socket", admin.SocketPath], output, error);
        return (code, output.ToString(), error.ToString());
    }
}
