using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges;

namespace Tunnel.Hub.Admin;

/// <summary>The allowed edges: <c>/api/v1/edges</c> and <c>/api/v1/edges/{id}</c>.</summary>
internal sealed class EdgesEndpoints(EdgeStore store, TokenIssuer tokens)
{
    private const string All = "/api/v1/edges";
    private const string One = "/api/v1/edges/{id}";

    public void Map(AdminRoutes routes)
    {
        routes.Get(All, ListAsync, "listEdges", "All allowed edges, without their secrets, in a form that PUT takes back.").Answers<IEnumerable<EdgeDefinition>>();
        routes.Put(All, ReplaceAllAsync, "replaceEdges", "Replaces all allowed edges; an edge without a secret keeps the one that it has.")
            .Query<bool>("dryRun", "true: only check, and tell what would change")
            .Body<IEnumerable<EdgeDefinition>>()
            .Answers<EdgeChangeAnswer>();
        routes.Post(All, AddAsync, "addEdge", "Allows one more edge. Without a secret one is made, which only the answer's token tells.")
            .Query<string>("host", "HOST[:PORT] where edges reach the hub, for the token; default: the setting publicHost")
            .Query<bool>("token", "true: answer with a token, also when the body has a secret")
            .Body<EdgeDefinition>()
            .Answers<EdgeChangeAnswer>(StatusCodes.Status201Created)
            .Fails(StatusCodes.Status409Conflict);
        routes.Get(One, GetAsync, "getEdge", "One edge, without its secret.").Answers<EdgeDefinition>().Fails(StatusCodes.Status404NotFound);
        routes.Put(One, UpdateAsync, "updateEdge", "Replaces one edge; without a secret it keeps what it has.")
            .Body<EdgeDefinition>()
            .Answers<EdgeChangeAnswer>()
            .Fails(StatusCodes.Status404NotFound);
        routes.Delete(One, RemoveAsync, "removeEdge", "Removes one edge; its tunnels end.").Answers<EdgeChangeAnswer>().Fails(StatusCodes.Status404NotFound);
    }

    private Task ListAsync(HttpContext context) =>
        AdminResults.WriteAsync(
            context,
            store.Current.Values.OrderBy(edge => edge.Id, StringComparer.Ordinal).Select(edge => edge.Definition),
            AdminJson.Default.IEnumerableEdgeDefinition);

    private async Task ReplaceAllAsync(HttpContext context)
    {
        using var body = await AdminRequest.ReadJsonAsync(context);
        var faults = new FaultList();
        var edges = new EdgeDefinitionReader(faults).ReadSet(body.RootElement, "$");
        if (!faults.IsEmpty)
            throw new ProblemException(Problem.Invalid(EdgeFault.Merge(faults.ToImmutable(), store.Validate(edges))));
        var result = await store.ReplaceAllAsync(edges, AdminRequest.Flag(context, "dryRun"), context.RequestAborted);
        await AnswerAsync(context, result, "", StatusCodes.Status200OK);
    }

    private async Task AddAsync(HttpContext context)
    {
        var edge = await ReadEdgeAsync(context, id: null);
        var host = context.Request.Query["host"].FirstOrDefault();
        var wantsToken = edge.Secret is null || host is not null || AdminRequest.Flag(context, "token");
        (string Host, int Port)? address = wantsToken ? tokens.Address(host) : null;

        var result = await store.AddAsync(edge, context.RequestAborted);
        var token = result.Succeeded && address is { } at ? tokens.Issue(at, edge.Id, result.NewSecret!) : null;
        if (result.Succeeded)
            context.Response.Headers.Location = $"/api/v1/edges/{edge.Id}";
        await AnswerAsync(context, result, edge.Id, StatusCodes.Status201Created, token);
    }

    private Task GetAsync(HttpContext context)
    {
        var id = Id(context);
        return store.Find(id) is { } edge
            ? AdminResults.WriteAsync(context, edge.Definition, AdminJson.Default.EdgeDefinition)
            : AdminResults.WriteProblemAsync(context, Problem.NotFound(id));
    }

    private async Task UpdateAsync(HttpContext context)
    {
        var id = Id(context);
        var edge = await ReadEdgeAsync(context, id);
        await AnswerAsync(context, await store.UpdateAsync(edge, context.RequestAborted), id, StatusCodes.Status200OK);
    }

    private async Task RemoveAsync(HttpContext context)
    {
        var id = Id(context);
        await AnswerAsync(context, await store.RemoveAsync(id, context.RequestAborted), id, StatusCodes.Status200OK);
    }

    internal static string Id(HttpContext context) => (string)context.GetRouteValue("id")!;

    private async Task<EdgeDefinition> ReadEdgeAsync(HttpContext context, string? id)
    {
        using var body = await AdminRequest.ReadJsonAsync(context);
        var faults = new FaultList();
        var edge = new EdgeDefinitionReader(faults).ReadEdge(body.RootElement, "$", id);
        if (edge is not null && id is not null && edge.Id != id && edge.Id.Length > 0)
            faults.AddText("$.id", edge.Id, $"must be \"{id}\", as in the request's path; an id can't be changed");
        if (faults.IsEmpty)
            return edge!;
        var invalid = new EdgeSetFaults();
        if (edge is not null)
            EdgeSetValidator.Check(edge, hasSecret: true, "$", invalid);
        throw new ProblemException(Problem.Invalid(EdgeFault.Merge(faults.ToImmutable(), invalid.ErrorList)));
    }

    private Task AnswerAsync(HttpContext context, EdgeUpdateResult result, string id, int status, string? token = null) => result.Status switch
    {
        EdgeUpdateStatus.Applied => AdminResults.WriteAsync(
            context,
            new EdgeChangeAnswer { Edge = store.Find(id)?.Definition, Token = token, Changes = result.Diff.Edges, Warnings = result.Warnings },
            AdminJson.Default.EdgeChangeAnswer,
            status),
        EdgeUpdateStatus.NotFound => AdminResults.WriteProblemAsync(context, Problem.NotFound(id)),
        EdgeUpdateStatus.AlreadyExists => AdminResults.WriteProblemAsync(context, Problem.Conflict(id)),
        _ => AdminResults.WriteProblemAsync(context, Problem.Invalid(result.Errors)),
    };
}
