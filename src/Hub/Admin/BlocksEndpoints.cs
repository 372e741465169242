using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Admin;

/// <summary>Timed blocks: <c>/api/v1/blocks</c>.</summary>
internal sealed class BlocksEndpoints
{
    private const string All = "/api/v1/blocks";
    private const int DefaultSeconds = 3600;
    internal const int MaxReason = 256;
    internal const int MaxEdges = 1000;

    private readonly IAdministeredHub _hub;
    private readonly ObjectReader<NewBlock> _block;

    public BlocksEndpoints(IAdministeredHub hub)
    {
        _hub = hub;
        _block = new ObjectReader<NewBlock>(
            "{\"ip\": \"192.0.2.7\", \"seconds\": 3600}",
            new("ip", (block, value) => block with { Source = ReadSource(value) }, Needed: "is needed: an address or a CIDR"),
            new("seconds", (block, value) => block with { Seconds = ReadSeconds(value) }),
            new("edges", (block, value) => block with { Edges = ReadEdges(value) }),
            new("reason", (block, value) => block with { Reason = ReadReason(value) }))
        {
            HidesValue = true,
        };
    }

    public void Map(AdminRoutes routes)
    {
        routes.Get(All, ListAsync, "listBlocks", "The sources that are blocked for a while, and what is left of each "
            + "block.").Answers<IEnumerable<Block>>();
        routes.Post(
            All, AddAsync, "addBlock",
            "Blocks an address or CIDR for a while, at all edges or some; a block of the same one is replaced. Open connections from "
            + "there are reset.")
            .Body<BlockRequest>()
            .Answers<AddedBlock>(StatusCodes.Status201Created)
            .Fails(StatusCodes.Status409Conflict);
        routes.Delete($"{All}/{{ip}}", RemoveAsync, "removeBlock", "Lifts the block of an address or CIDR, whose slash is written %2F.")
            .Answers<Block>()
            .Fails(StatusCodes.Status404NotFound);
    }

    private Task ListAsync(HttpContext context) =>
        AdminResults.WriteAsync(context, _hub.Blocks.Current, AdminJson.Default.IEnumerableBlock);

    private async Task AddAsync(HttpContext context)
    {
        var asked = await AdminRequest.ReadAsync(context, _block, new NewBlock(null, DefaultSeconds, [], null));
        var filter = new ConnectionFilter { Address = asked.Source };
        var open = _hub.Traffic.Live().Where(filter.Matches).Select(connection => connection.EdgeId).ToArray();
        var block = await _hub.Blocks.AddAsync(
            asked.Source!.Value, TimeSpan.FromSeconds(asked.Seconds), asked.Edges, asked.Reason, context.RequestAborted)
            ?? throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status409Conflict,
                Detail = $"There are {FirewallConfigReader.MaxTimedBlocks} blocks already. Lift some, block a network, or put lasting "
                    + "ones into the edges' firewallConfig.blockedIps.",
            });
        var answer = new AddedBlock
        {
            Ip = block.Ip,
            Edges = block.Edges,
            Since = block.Since,
            Until = block.Until,
            Reason = block.Reason,
            ConnectedEdges = _hub.GetStatus().ConnectedEdges.Count(edge => block.AppliesTo(edge.EdgeId)),
            OpenConnections = open.Count(block.AppliesTo),
        };
        await AdminResults.WriteAsync(context, answer, AdminJson.Default.AddedBlock, StatusCodes.Status201Created);
    }

    private async Task RemoveAsync(HttpContext context)
    {
        // Routing leaves %2F encoded.
        var text = Uri.UnescapeDataString((string)context.GetRouteValue("ip")!);
        if (!IpRange.TryParse(text, out var source, out var error))
            throw new ProblemException(Problem.Invalid("ip", text.Length > 60 ? text[..60] + "…" : text, error));
        var removed = await _hub.Blocks.RemoveAsync(source, context.RequestAborted)
            ?? throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status404NotFound,
                Detail = $"There is no block of {source}.",
                Hint = $"GET {All} lists all.",
            });
        await AdminResults.WriteAsync(context, removed, AdminJson.Default.Block);
    }

    private IpRange? ReadSource(WrittenValue value)
    {
        if (value.Text() is not { } text)
            return null;
        if (!IpRange.TryParse(text, out var source, out var error) || (error = _hub.NeverBlocked.Objection(source)) is not null)
        {
            value.Refuse(error);
            return null;
        }

        return source;
    }

    private static int ReadSeconds(WrittenValue value)
    {
        var seconds = value.Integer() ?? DefaultSeconds;
        if (seconds is < 1 or > FirewallConfigReader.MaxBlockSeconds)
            value.Refuse($"must be 1–{FirewallConfigReader.MaxBlockSeconds} seconds");
        return seconds;
    }

    private static string? ReadReason(WrittenValue value)
    {
        var reason = value.Text();
        if (reason?.Length > MaxReason)
            value.Refuse($"must have at most {MaxReason} characters");
        return reason;
    }

    private ImmutableArray<string> ReadEdges(WrittenValue value)
    {
        if (value.Json.ValueKind != JsonValueKind.Array || value.Json.GetArrayLength() is 0 or > MaxEdges)
        {
            value.Refuse($"must be a list of 1–{MaxEdges} ids of edges; leave it out for all edges");
            return [];
        }

        var edges = ImmutableArray.CreateBuilder<string>();
        foreach (var item in value.Items(MaxEdges))
        {
            if (item.Json.ValueKind == JsonValueKind.String && item.Json.GetString() is { } id && _hub.Edges.Find(id) is not null)
                edges.Add(id);
            else
                item.Refuse("is not the id of an allowed edge");
        }

        return edges.ToImmutable();
    }

    private sealed record NewBlock(IpRange? Source, int Seconds, ImmutableArray<string> Edges, string? Reason);
}
