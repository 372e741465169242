using System.CommandLine;
using System.Text.Json.Nodes;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>Gives a command its arguments, its output and the running hub.</summary>
internal sealed class CommandContext(ParseResult parse, CommonOptions options)
{
    // The statuses with which the API answers mistakes in what the operator wrote, as opposed to what the hub could not do.
    private static readonly int[] UsageStatuses = [400, 413, 415];

    private const int PreconditionFailed = 412;

    // Each conflict means that another writer succeeded; as many as this in a row mean that somebody writes all the time.
    private const int MaxTries = 100;

    /// <summary>The output for results only.</summary>
    public TextWriter Out => parse.InvocationConfiguration.Output;

    /// <summary>The output for everything else.</summary>
    public TextWriter Error => parse.InvocationConfiguration.Error;

    /// <summary>The terminal that <see cref="Out"/> writes to.</summary>
    public Terminal Terminal => Terminal.Of(Out);

    /// <summary>Whether the command is for a hub that is not reached over this machine's admin socket.</summary>
    public bool IsElsewhere => options.RemoteHub.IsNamed(parse);

    public bool Json => parse.GetValue(options.Json);

    public string Id => parse.GetRequiredValue(options.Id);

    /// <summary>The edge's path in the API.</summary>
    /// <exception cref="CommandFailedException">No edge can have that id, or no path can name it.</exception>
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

    /// <summary>Sends a request to the running hub and returns the body of its answer.</summary>
    /// <exception cref="CommandFailedException">The hub refused the request; every reason is a line.</exception>
    /// <exception cref="OperatorException">The hub can't be reached.</exception>
    public async Task<string> SendAsync(
        HttpMethod method, string path, string? json, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        using var client = Client(timeout);
        var answer = await client.SendAsync(method, path, json, cancellationToken);
        return Body(answer, path);
    }

    /// <summary>Tells where the next page begins; null: there is none.</summary>
    public async Task WriteNextAsync(string? next)
    {
        if (next is not null)
            await Error.WriteLineAsync($"There are more: --cursor {next}");
    }

    /// <summary>Makes a client of the running hub, for more than a single request and answer.</summary>
    public AdminClient Client(TimeSpan? timeout = null) =>
        options.RemoteHub.Client(parse, timeout) ?? new AdminClient("tunnel-hub", AdminSocketPath(), timeout);

    /// <summary>Makes the exception that ends a command which the hub refused.</summary>
    /// <param name="answer">The hub's answer.</param>
    /// <param name="path">The path of the request.</param>
    public static CommandFailedException Refused(AdminResponse answer, string path) =>
        new(UsageStatuses.Contains(answer.StatusCode) ? ExitCodes.Usage : ExitCodes.Failed, ApiWords.Explain(answer, path));

    /// <summary>Reads the edge, changes it and writes it back; repeats this when somebody else has changed it in between.</summary>
    /// <returns>The hub's answer to the change.</returns>
    /// <inheritdoc cref="SendAsync"/>
    public Task<string> ChangeEdgeAsync(Action<JsonObject> change, CancellationToken cancellationToken) =>
        ChangeAsync(EdgePath, node => change(node.AsObject()), dryRun: false, cancellationToken);

    /// <summary>Does the same as <see cref="ChangeEdgeAsync"/>, for all edges.</summary>
    public Task<string> ChangeSetAsync(Action<JsonArray> change, CancellationToken cancellationToken) =>
        ChangeAsync("api/v1/edges", node => change(node.AsArray()), dryRun: false, cancellationToken);

    /// <summary>Creates something that does not exist yet.</summary>
    /// <param name="path">Its path in the API.</param>
    /// <param name="body">What to create.</param>
    /// <param name="taken">The message when it already exists.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<string> AddAsync(string path, JsonObject body, string taken, CancellationToken cancellationToken)
    {
        using var client = Client();
        var written = await client.SendAsync(
            HttpMethod.Put, path + Query(Value(options.DryRun)), body.ToJsonString(), cancellationToken, ifNoneMatch: true);
        return written.StatusCode == PreconditionFailed ? throw new CommandFailedException(ExitCodes.Failed, [taken]) : Body(written, path);
    }

    /// <summary>Reads something, changes it and writes it back; repeats this when somebody else has changed it in between.</summary>
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

    /// <summary>Returns the query of a request, which for a dry run asks the hub only to check.</summary>
    public static string Query(bool dryRun) => dryRun ? "?dryRun=true" : "";

    private static string Body(AdminResponse answer, string path) => answer.IsSuccess ? answer.Body : throw Refused(answer, path);

    /// <summary>
    /// The path of the admin socket, if none is named the one that <c>run</c> would use with the same file and environment.
    /// </summary>
    // Faults in those settings concern the service, not this command.
    public string AdminSocketPath() =>
        parse.GetValue(options.AdminSocket)
        ?? TunnelHubOptionsReader.RunningAdminSocket(
            LayeredConfiguration.Load(TunnelHubOptionsReader.Sources(null, new Dictionary<string, string?>())));
}
