using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;

namespace Tunnel.Hub.Admin;

/// <summary>Operations on an edge's live tunnels.</summary>
internal sealed class EdgeTunnelsEndpoints(IAdministeredHub hub)
{
    public void Map(AdminRoutes routes) =>
        routes.Post(
            "/api/v1/edges/{id}/disconnect", DisconnectAsync, "disconnectEdge",
            "Ends an edge's tunnels and their streams. It may connect again at once: to keep it out, disable it.")
            .Answers<DisconnectAnswer>()
            .Fails(StatusCodes.Status404NotFound);

    private async Task DisconnectAsync(HttpContext context)
    {
        var id = EdgesEndpoints.Id(context);
        if (hub.Edges.Find(id) is null)
            throw new ProblemException(Problem.NotFound(id));
        var tunnels = hub.GetStatus().ConnectedEdges.FirstOrDefault(edge => edge.EdgeId == id)?.Tunnels ?? 0;
        await hub.DisconnectAsync(id);
        await AdminResults.WriteAsync(context, new DisconnectAnswer(id, tunnels), AdminJson.Default.DisconnectAnswer);
    }
}
