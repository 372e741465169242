using System.CommandLine;
using System.Text.Json.Nodes;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>What a command works with: what was asked, where to print, and the running hub.</summary>
internal sealed class CommandContext(ParseResult parse, CommonOptions options)
{
    // The API answers so to what the operator wrote, not to what it could not do.
    private static readonly int[] UsageStatuses = [400, 413, 415];

    private const int PreconditionFailed = 412;

    // Each loss is another's success, so somebody gets on; this many in a row is somebody who writes all the time.
    private const int MaxTries = 100;

    /// <summary>For results alone.</summary>
    public TextWriter Out => parse.InvocationConfiguration.Output;

    /// <summary>For everything else.</summary>
    public TextWriter Error => parse.InvocationConfiguration.Error;

    /// <summary>What <see cref="Out"/> is.</summary>
    public Terminal Terminal => Terminal.Of(Out);

    /// <summary>The hub is not this machine's.</summary>
    public bool IsElsewhere => options.RemoteHub.IsNamed(parse);

    public bool Json => parse.GetValue(options.Json);

    public string Id => parse.GetRequiredValue(options.Id);

    /// <summary>The edge's path in the API.</summary>
    /// <exception cref="CommandFailedException">There can be no edge of that id there.</exception>
    public string EdgePath => EdgeLine.IsValidNewEdgeId(Id)
        ? $"api/v1/edges/{Id}"
        : throw CommandFailedException.Usage(EdgeLine.IsValidEdgeId(Id)
            ? $"ID \"{Id}\": can't be named to the hub, since paths fold it away; remove it (tunnel-hub edge remove {Id}) and add the "
                + "edge under another id"
            : $"ID \"{Id}\": must be 1–{EdgeLine.MaxEdgeIdLength} of A-Z a-z 0-9 . _ -");

    public T? Value<T>(Option<T> option) => parse.GetValue(option);

    public T? Value<T>(Argument<T> argument) => parse.GetValue(argument);

    /// <summary>The secret given by option or file, or null.</summary>
    public string? Secret()
    {
        var (secret, file) = (parse.GetValue(options.Secret), parse.GetValue(options.SecretFile));
        if (secret is not null && file is not null)
            throw CommandFailedException.Usage("--secret and --secret-file exclude each other; give one of them");
        return file is null ? secret : SecretFile.Read(file);
    }

    /// <summary>Asks the running hub.</summary>
    /// <exception cref="CommandFailedException">It refused; every reason is a line.</exception>
    /// <exception cref="OperatorException">It can't be reached.</exception>
    public async Task<string> SendAsync(
        HttpMethod method, string path, string? json, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        using var client = Client(timeout);
        var answer = await client.SendAsync(method, path, json, cancellationToken);
        return Body(answer, path);
    }

    /// <summary>A client of the running hub, for what is more than a question and an answer.</summary>
    public AdminClient Client(TimeSpan? timeout = null) =>
        options.RemoteHub.Client(parse, timeout) ?? new AdminClient("tunnel-hub", AdminSocketPath(), timeout);

    /// <summary>What ends a command that the hub refused.</summary>
    /// <param name="answer">What it said.</param>
    /// <param name="path">To what.</param>
    public static CommandFailedException Refused(AdminResponse answer, string path) =>
        new(UsageStatuses.Contains(answer.StatusCode) ? ExitCodes.Usage : ExitCodes.Failed, ApiWords.Explain(answer, path));

    /// <summary>Reads the edge, changes it, and writes it back; anew when somebody else has changed it in between.</summary>
    /// <returns>The hub's answer to the change.</returns>
    /// <inheritdoc cref="SendAsync"/>
    public Task<string> ChangeEdgeAsync(Action<JsonObject> change, CancellationToken cancellationToken) =>
        ChangeAsync(EdgePath, node => change(node.AsObject()), dryRun: false, cancellationToken);

    /// <summary>The same with all edges.</summary>
    public Task<string> ChangeSetAsync(Action<JsonArray> change, CancellationToken cancellationToken) =>
        ChangeAsync("api/v1/edges", node => change(node.AsArray()), dryRun: false, cancellationToken);

    /// <summary>Creates what is not there yet.</summary>
    /// <param name="path">Its path in the API.</param>
    /// <param name="body">What it shall be.</param>
    /// <param name="taken">What is said when it is there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string> AddAsync(string path, JsonObject body, string taken, CancellationToken cancellationToken)
    {
        using var client = Client();
        var written = await client.SendAsync(
            HttpMethod.Put, path + Query(Value(options.DryRun)), body.ToJsonString(), cancellationToken, ifNoneMatch: true);
        return written.StatusCode == PreconditionFailed ? throw new CommandFailedException(ExitCodes.Failed, [taken]) : Body(written, path);
    }

    /// <summary>Reads something, changes it, and writes it back; anew when somebody else has changed it in between.</summary>
    /// <returns>The hub's answer to the change.</returns>
    /// <inheritdoc cref="SendAsync"/>
    public async Task<string> ChangeAsync(string path, Action<JsonNode> change, bool dryRun, CancellationToken cancellationToken)
    {
        using var client = Client();
        for (var tries = 1; ; tries++)
        {
            var read = await client.GetAsync(path, cancellationToken);
            var node = JsonNode.Parse(Body(read, path))!;
            change(node);
            var written =
                await client.SendAsync(HttpMethod.Put, path + Query(dryRun), node.ToJsonString(), cancellationToken, read.EntityTag);
            if (written.StatusCode != PreconditionFailed || tries == MaxTries)
                return Body(written, path);
        }
    }

    /// <summary>The query of a request that may only be to check.</summary>
    public static string Query(bool dryRun) => dryRun ? "?dryRun=true" : "";

    private static string Body(AdminResponse answer, string path) => answer.IsSuccess ? answer.Body : throw Refused(answer, path);

    // Where `run` would put it with the same file and environment; what is wrong there is the service's business, not this command's.
    private string AdminSocketPath() =>
        parse.GetValue(options.AdminSocket)
        ?? TunnelHubOptionsReader.RunningAdminSocket(
            LayeredConfiguration.Load(TunnelHubOptionsReader.Sources(null, new Dictionary<string, string?>())));
}
