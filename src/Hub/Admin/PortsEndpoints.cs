using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>Single ports of one edge: <c>/api/v1/edges/{id}/ports/{port}</c>. Their entity tag is the edge's.</summary>
internal sealed class PortsEndpoints(EdgeStore store)
{
    private const string One = "/api/v1/edges/{id}/ports/{port}";
    private const string Written =
        "The port is written tcp%2F443, udp%2F53, tcp%2F8000-8010, or default for all that have no settings of their own.";

    public void Map(AdminRoutes routes)
    {
        routes.Get(One, GetAsync, "getPort", $"The settings of a port or a range, as they were written; with the edge's ETag. {Written}")
            .Header("If-None-Match", "the ETag that was read: answered 304 when nothing has changed since")
            .Answers<PortPolicyDefinition>()
            .AnswersNothing(StatusCodes.Status304NotModified, "Nothing has changed since.")
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        routes.Put(
            One, PutAsync, "putPort", $"Assigns a port or a range to the edge with these settings, or replaces its settings. {Written}")
            .Query<bool>("dryRun", "true: only check, and tell what would change")
            .Header("If-Match", "the ETag that was read: else 412, and nothing is changed")
            .Header("If-None-Match", "*: only when none of the ports is assigned, else 412")
            .Body<PortPolicyDefinition>()
            .Answers<EdgeChangeAnswer>()
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status412PreconditionFailed);
        routes.Delete(One, RemoveAsync, "removePort", $"Takes a port or a range away from the edge, with its settings. {Written}")
            .Query<bool>("dryRun", "true: only check, and tell what would change")
            .Header("If-Match", "the ETag that was read: else 412, and nothing is changed")
            .Answers<EdgeChangeAnswer>()
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status412PreconditionFailed);
    }

    private Task GetAsync(HttpContext context)
    {
        var (id, key) = Read(context);
        var edge = store.Find(id) ?? throw new ProblemException(Problem.NotFound(id));
        var policy = Find(edge.Definition, key);
        return AdminConditions.IsNotModified(context, edge.Tag)
            ? Task.CompletedTask
            : AdminResults.WriteAsync(context, policy, AdminJson.Default.PortPolicyDefinition);
    }

    private async Task PutAsync(HttpContext context)
    {
        var (id, key) = Read(context);
        var condition = AdminConditions.Read(context);
        using var body = await AdminRequest.ReadJsonAsync(context);
        var faults = new FaultList();
        var policy = PortSettings.Read(new WrittenValue(body.RootElement, "$", faults));
        if (policy is null)
            throw new ProblemException(Problem.Invalid(faults.ToImmutable()));
        await ChangeAsync(context, id, key, edge => Put(edge, key, policy), condition, faults);
    }

    private Task RemoveAsync(HttpContext context)
    {
        var (id, key) = Read(context);
        return ChangeAsync(context, id, key, edge => Remove(edge, key), AdminConditions.Read(context));
    }

    private async Task ChangeAsync(
        HttpContext context, string id, PortKey? key, Func<EdgeDefinition, EdgeDefinition?> change, Func<string?, bool>? condition,
        FaultList? unreadable = null)
    {
        var result = await store.EditAsync(
            id,
            (edge, faults) =>
            {
                // These faults are told together with what is wrong with the members that could be read.
                faults.AddRange(unreadable?.ToImmutable() ?? []);
                return change(edge);
            },
            AdminRequest.Flag(context, "dryRun"),
            context.RequestAborted,
            condition is null ? null : _ => condition(store.Find(id) is { } edge && IsThere(edge.Definition, key) ? edge.Tag : null));
        if (result.Status == EdgeUpdateStatus.NotFound && store.Find(id) is not null)
            throw new ProblemException(NotAssigned(id, key));
        await EdgeAnswers.WriteAsync(context, result, id, StatusCodes.Status200OK, what: $"{Name(key)} of the edge \"{id}\"");
    }

    private static PortPolicyDefinition Find(EdgeDefinition edge, PortKey? key)
    {
        if (key is not { } port)
            return edge.Ports.GetValueOrDefault(PortKey.Default) ?? new PortPolicyDefinition();
        return EdgePorts.Find(edge, port, out var parts) ?? throw new ProblemException(parts.IsEmpty
            ? NotAssigned(edge.Id, key)
            : new Problem
            {
                Status = StatusCodes.Status409Conflict,
                Detail = $"Parts of {port} have settings of their own: {string.Join(", ", parts)}. Name one of them, or ports beside them.",
            });
    }

    private static EdgeDefinition Put(EdgeDefinition edge, PortKey? key, PortPolicyDefinition policy) =>
        key is { } port ? EdgePorts.Put(edge, port, policy) : edge with { Ports = edge.Ports.SetItem(PortKey.Default, policy) };

    private static EdgeDefinition? Remove(EdgeDefinition edge, PortKey? key) =>
        key is { } port ? EdgePorts.Remove(edge, port)
        : edge.Ports.ContainsKey(PortKey.Default) ? edge with { Ports = edge.Ports.Remove(PortKey.Default) } : null;

    // The default settings may be unwritten, but they exist all the same and can be read.
    private static bool IsThere(EdgeDefinition edge, PortKey? key) =>
        key is not { } port || EdgePorts.IsAnyAssigned(edge, port);

    private static Problem NotAssigned(string id, PortKey? key) => new()
    {
        Status = StatusCodes.Status404NotFound,
        Detail = key is null ? $"The edge \"{id}\" has no default settings." : $"The port {key} is not assigned to the edge \"{id}\".",
    };

    private static string Name(PortKey? key) => key?.ToString() ?? PortKey.Default;

    // Routing leaves %2F encoded. A null key stands for the default settings.
    private static (string Id, PortKey? Key) Read(HttpContext context)
    {
        var text = Uri.UnescapeDataString((string)context.GetRouteValue("port")!);
        if (text == PortKey.Default)
            return (EdgesEndpoints.Id(context), null);
        return PortKey.TryParse(text, out var key)
            ? (EdgesEndpoints.Id(context), key)
            : throw new ProblemException(
                Problem.Invalid("port", text.Length > 60 ? text[..60] + "…" : text, $"is not a port; {PortKey.Valid}"));
    }
}
