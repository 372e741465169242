using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Admin;

/// <summary>Timed blocks: <c>/api/v1/blocks</c>.</summary>
internal sealed class BlocksEndpoints(IAdministeredHub hub)
{
    private const string All = "/api/v1/blocks";
    private const int DefaultSeconds = 3600;
    private const int MaxReason = 256;
    private const int MaxEdges = 1000;
    private static readonly string[] Members = ["ip", "seconds", "edges", "reason"];

    public void Map(AdminRoutes routes)
    {
        routes.Get(All, ListAsync, "listBlocks", "The sources that are blocked for a while, and what is left of each block.").Answers<IEnumerable<Block>>();
        routes.Post(All, AddAsync, "addBlock", "Blocks an address or CIDR for a while, at all edges or some; a block of the same one is replaced. Open connections from there are reset.")
            .Body<BlockRequest>()
            .Answers<Block>(StatusCodes.Status201Created)
            .Fails(StatusCodes.Status409Conflict);
        routes.Delete($"{All}/{{ip}}", RemoveAsync, "removeBlock", "Lifts the block of an address or CIDR, whose slash is written %2F.")
            .Answers<Block>()
            .Fails(StatusCodes.Status404NotFound);
    }

    private Task ListAsync(HttpContext context) => AdminResults.WriteAsync(context, hub.Blocks.Current, AdminJson.Default.IEnumerableBlock);

    private async Task AddAsync(HttpContext context)
    {
        var (source, seconds, edges, reason) = await ReadAsync(context);
        var block = await hub.Blocks.AddAsync(source, TimeSpan.FromSeconds(seconds), edges, reason, context.RequestAborted)
            ?? throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status409Conflict,
                Detail = $"There are {FirewallConfigReader.MaxTimedBlocks} blocks already. Lift some, block a network, or put lasting ones into the edges' firewallConfig.blockedIps.",
            });
        await AdminResults.WriteAsync(context, block, AdminJson.Default.Block, StatusCodes.Status201Created);
    }

    private async Task RemoveAsync(HttpContext context)
    {
        // Routing leaves %2F as it is.
        var text = Uri.UnescapeDataString((string)context.GetRouteValue("ip")!);
        if (!IpRange.TryParse(text, out var source, out var error))
            throw new ProblemException(Problem.Invalid("ip", text.Length > 60 ? text[..60] + "…" : text, error));
        var removed = await hub.Blocks.RemoveAsync(source, context.RequestAborted)
            ?? throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status404NotFound,
                Detail = $"There is no block of {source}. GET {All} lists all.",
            });
        await AdminResults.WriteAsync(context, removed, AdminJson.Default.Block);
    }

    private async Task<(IpRange Source, int Seconds, ImmutableArray<string> Edges, string? Reason)> ReadAsync(HttpContext context)
    {
        using var body = await AdminRequest.ReadJsonAsync(context);
        if (body.RootElement.ValueKind != JsonValueKind.Object)
            throw new ProblemException(Problem.Invalid("$", body.RootElement.ValueKind.ToString(), "must be an object: {\"ip\": \"192.0.2.7\", \"seconds\": 3600}"));
        var faults = new FaultList();
        var members = new JsonMembers(faults);
        IpRange? source = null;
        (var seconds, ImmutableArray<string> edges, string? reason) = (DefaultSeconds, [], null);
        foreach (var member in body.RootElement.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null && member.Name is not "ip" && Members.Contains(member.Name))
                continue;
            switch (member.Name)
            {
                case "ip":
                    source = ReadSource(member.Value, faults, members);
                    break;
                case "seconds":
                    seconds = members.ReadInteger(member.Value, "$.seconds") ?? DefaultSeconds;
                    if (seconds is < 1 or > FirewallConfigReader.MaxBlockSeconds)
                        faults.Add("$.seconds", member.Value, $"must be 1–{FirewallConfigReader.MaxBlockSeconds} seconds");
                    break;
                case "edges":
                    edges = ReadEdges(member.Value, faults);
                    break;
                case "reason":
                    reason = members.ReadString(member.Value, "$.reason");
                    if (reason?.Length > MaxReason)
                        faults.Add("$.reason", member.Value, $"must have at most {MaxReason} characters");
                    break;
                default:
                    members.AddUnknown("$", member, Members);
                    break;
            }
        }

        if (!body.RootElement.TryGetProperty("ip", out _))
            faults.Add("$.ip", "(missing)", "is needed: an address or a CIDR");
        return faults.IsEmpty ? (source!.Value, seconds, edges, reason) : throw new ProblemException(Problem.Invalid(faults.ToImmutable()));
    }

    private IpRange? ReadSource(JsonElement value, FaultList faults, JsonMembers members)
    {
        if (members.ReadString(value, "$.ip") is not { } text)
            return null;
        if (!IpRange.TryParse(text, out var source, out var error) || (error = hub.NeverBlocked.Objection(source)) is not null)
        {
            faults.Add("$.ip", value, error);
            return null;
        }

        return source;
    }

    private ImmutableArray<string> ReadEdges(JsonElement value, FaultList faults)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MaxEdges)
        {
            faults.Add("$.edges", value, $"must be a list of 1–{MaxEdges} ids of edges; leave it out for all edges");
            return [];
        }

        var edges = ImmutableArray.CreateBuilder<string>();
        foreach (var (item, index) in value.EnumerateArray().Select((item, index) => (item, index)))
        {
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { } id && hub.Edges.Find(id) is not null)
                edges.Add(id);
            else
                faults.Add($"$.edges[{index}]", item, "is no id of an allowed edge");
        }

        return edges.ToImmutable();
    }
}
