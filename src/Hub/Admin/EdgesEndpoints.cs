using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>The allowed edges: <c>/api/v1/edges</c> and <c>/api/v1/edges/{id}</c>.</summary>
internal sealed class EdgesEndpoints(EdgeStore store, TokenIssuer tokens)
{
    private const string All = "/api/v1/edges";
    private const string One = "/api/v1/edges/{id}";

    public void Map(AdminRoutes routes)
    {
        EdgesQuery.Declare(routes.Get(
            All, ListAsync, "listEdges",
            "All allowed edges, without their secrets, in a form that PUT takes back; with an ETag. A part of them has none, since "
                + "PUT would remove the others; with a limit, the header Link names the next page (rel=\"next\")."))
            .Header("If-None-Match", "the ETag that was read: answered 304 when nothing has changed since")
            .Answers<IEnumerable<EdgeDefinition>>()
            .AnswersNothing(StatusCodes.Status304NotModified, "Nothing has changed since.");
        routes.Put(All, ReplaceAllAsync, "replaceEdges", "Replaces all allowed edges; an edge without a secret keeps the one that it has.")
            .Query<bool>("dryRun", "true: only check, and tell what would change")
            .Header("If-Match", "the ETag that was read: else 412, and nothing is changed")
            .Body<IEnumerable<EdgeDefinition>>()
            .Answers<EdgeChangeAnswer>()
            .Fails(StatusCodes.Status412PreconditionFailed);
        routes.Post(All, AddAsync, "addEdge", "Allows one more edge. Without a secret one is made, which only the answer's token tells.")
            .Query<string>("host", "HOST[:PORT] where edges reach the hub, for the token; default: the setting publicHost")
            .Query<string>("transport", "for the token: tcpTls, quic or quicWithFallback; default: the edge decides")
            .Query<bool>("token", "true: answer with a token, also when the body has a secret")
            .Body<EdgeDefinition>()
            .Answers<EdgeChangeAnswer>(StatusCodes.Status201Created)
            .Fails(StatusCodes.Status409Conflict);
        routes.Get(One, GetAsync, "getEdge", "One edge, without its secret; with an ETag.")
            .Header("If-None-Match", "the ETag that was read: answered 304 when nothing has changed since")
            .Answers<EdgeDefinition>()
            .AnswersNothing(StatusCodes.Status304NotModified, "Nothing has changed since.")
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound);
        routes.Put(One, UpdateAsync, "updateEdge", "Replaces one edge; without a secret it keeps what it has.")
            .Header("If-Match", "the ETag that was read: else 412, and nothing is changed")
            .Header("If-None-Match", "*: create it, answered as by POST; 412 when it is there")
            .Query<string>("host", "of a new edge, see POST")
            .Query<string>("transport", "of a new edge, see POST")
            .Query<bool>("token", "of a new edge, see POST")
            .Body<EdgeDefinition>()
            .Answers<EdgeChangeAnswer>()
            .Answers<EdgeChangeAnswer>(StatusCodes.Status201Created)
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status412PreconditionFailed);
        routes.Patch(
            One, PatchAsync, "patchEdge",
            "Changes members of one edge (JSON Merge Patch, RFC 7396): null takes one out. Another id renames it.")
            .Query<bool>("dryRun", "true: only check, and tell what would change")
            .Header("If-Match", "the ETag that was read: else 412, and nothing is changed")
            .Body<EdgeDefinition>()
            .Answers<EdgeChangeAnswer>()
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status412PreconditionFailed);
        routes.Delete(One, RemoveAsync, "removeEdge", "Removes one edge; its tunnels end.")
            .Header("If-Match", "the ETag that was read: else 412, and nothing is changed")
            .Answers<EdgeChangeAnswer>()
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status412PreconditionFailed);
    }

    private Task ListAsync(HttpContext context)
    {
        var state = store.State;
        var query = EdgesQuery.Read(context.Request);
        if (query.IsAll && AdminConditions.IsNotModified(context, state.Tag))
            return Task.CompletedTask;
        var (page, next) = query.Take(state.Edges.Values.OrderBy(edge => edge.Id, StringComparer.Ordinal), edge => edge.Id);
        if (next is not null)
            context.Response.Headers.Link = $"<{All}{NextPage(context.Request, next)}>; rel=\"next\"";
        return AdminResults.WriteAsync(context, page.Select(edge => edge.Definition), AdminJson.Default.IEnumerableEdgeDefinition);
    }

    private static QueryString NextPage(HttpRequest request, string cursor) => QueryString.Create(
        request.Query.Where(parameter => parameter.Key != "cursor")
            .Append(new KeyValuePair<string, StringValues>("cursor", cursor)));

    private async Task ReplaceAllAsync(HttpContext context)
    {
        var condition = AdminConditions.Read(context);
        using var body = await AdminRequest.ReadJsonAsync(context, maxBody: AdminRequest.MaxSetBody);
        var faults = new FaultList();
        var edges = new EdgeDefinitionReader(faults).ReadSet(body.RootElement, "$", store.MaxEdges);
        if (!faults.IsEmpty)
            throw new ProblemException(Problem.Invalid(Fault.Merge(faults.ToImmutable(), store.Validate(edges))));
        var result = await store.ReplaceAllAsync(edges, AdminRequest.Flag(context, "dryRun"), context.RequestAborted, condition);
        await EdgeAnswers.WriteAsync(context, result, "", StatusCodes.Status200OK);
    }

    private async Task AddAsync(HttpContext context) => await AddAsync(context, await ReadEdgeAsync(context, id: null), condition: null);

    private async Task AddAsync(HttpContext context, EdgeDefinition edge, Func<string?, bool>? condition)
    {
        var host = context.Request.Query["host"].FirstOrDefault();
        var transport = context.Request.Query["transport"].FirstOrDefault();
        var wantsToken = edge.Secret is null || host is not null || transport is not null || AdminRequest.Flag(context, "token");
        var target = wantsToken ? tokens.Target(host, transport, "?transport", edge.DialTarget) : null;

        var result = await store.AddAsync(edge, context.RequestAborted, condition);
        var token = result.Succeeded && target is not null ? tokens.Issue(target, edge.Id, result.NewSecret!) : null;
        if (result.Succeeded)
            context.Response.Headers.Location = $"/api/v1/edges/{edge.Id}";
        await EdgeAnswers.WriteAsync(context, result, edge.Id, StatusCodes.Status201Created, token);
    }

    private Task GetAsync(HttpContext context)
    {
        var id = Id(context);
        if (store.Find(id) is not { } edge)
            throw new ProblemException(Problem.NotFound(id));
        return AdminConditions.IsNotModified(context, edge.Tag)
            ? Task.CompletedTask
            : AdminResults.WriteAsync(context, edge.Definition, AdminJson.Default.EdgeDefinition);
    }

    private async Task UpdateAsync(HttpContext context)
    {
        var id = Id(context);
        var condition = AdminConditions.Read(context);
        var edge = await ReadEdgeAsync(context, id);
        if (AdminConditions.IsToCreate(context))
        {
            await AddAsync(context, edge, condition);
        }
        else
        {
            await EdgeAnswers.WriteAsync(
                context, await store.UpdateAsync(edge, context.RequestAborted, condition), id, StatusCodes.Status200OK);
        }
    }

    private async Task PatchAsync(HttpContext context)
    {
        var id = Id(context);
        var condition = AdminConditions.Read(context);
        using var body = await AdminRequest.ReadJsonAsync(context);
        if (body.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new ProblemException(Problem.Invalid(
                "$", body.RootElement.ValueKind.ToString(), "must be an object with the members to change: {\"enabled\": false}"));
        }

        var result = await store.EditAsync(
            id, (edge, faults) =>
                Merge(edge, body.RootElement, faults), AdminRequest.Flag(context, "dryRun"), context.RequestAborted, condition);
        var now = result.Succeeded && body.RootElement.TryGetProperty("id", out var named) && named.GetString() is { } other ? other : id;
        await EdgeAnswers.WriteAsync(
            context, result, result.Status == EdgeUpdateStatus.AlreadyExists ? body.RootElement.GetProperty("id").GetString()! : now,
            StatusCodes.Status200OK);
    }

    private static EdgeDefinition? Merge(EdgeDefinition edge, JsonElement patch, FaultList faults)
    {
        var written = JsonSerializer.SerializeToElement(edge, EdgeJson.Default.EdgeDefinition);
        var merged = MergePatch.Apply(JsonNode.Parse(written.GetRawText()), patch)!;
        using var document = JsonDocument.Parse(merged.ToJsonString());
        return new EdgeDefinitionReader(faults).ReadEdge(document.RootElement, "$");
    }

    private async Task RemoveAsync(HttpContext context)
    {
        var id = Id(context);
        await EdgeAnswers.WriteAsync(
            context, await store.RemoveAsync(id, context.RequestAborted, AdminConditions.Read(context)), id, StatusCodes.Status200OK);
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
        {
            var before = store.Find(edge.Id)?.Definition;
            EdgeSetValidator.Check(KeptPem.Restore(edge, before), before, hasSecret: true, "$", invalid);
        }

        throw new ProblemException(Problem.Invalid(Fault.Merge(faults.ToImmutable(), invalid.ErrorList)));
    }
}
