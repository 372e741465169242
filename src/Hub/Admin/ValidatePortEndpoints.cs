using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;

namespace Tunnel.Hub.Admin;

/// <summary>Says before a change whether a port could be assigned, by the same rules as the change itself.</summary>
internal sealed class ValidatePortEndpoints(EdgeStore store)
{
    private static readonly string[] Members = ["port", "protocol", "edge"];

    public void Map(AdminRoutes routes) =>
        routes.Post("/api/v1/validate-port", ValidateAsync, "validatePort", "Whether a port or a range could be assigned, to anybody or to a given edge; changes nothing.")
            .Body<PortQuestion>()
            .Answers<PortAnswer>()
            .Fails(StatusCodes.Status404NotFound);

    private async Task ValidateAsync(HttpContext context)
    {
        using var body = await AdminRequest.ReadJsonAsync(context);
        var question = Read(body.RootElement);
        var edge = question.Edge is { } id ? store.Find(id) ?? throw new ProblemException(Problem.NotFound(id)) : null;
        await AdminResults.WriteAsync(context, Answer(question, edge), AdminJson.Default.PortAnswer);
    }

    private static PortQuestion Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw new ProblemException(Problem.Invalid("$", body.ValueKind.ToString(), "must be an object: {\"port\": 443, \"protocol\": \"tcp\"}"));
        var faults = new FaultList();
        var members = new JsonMembers(faults);
        PortRange? port = null;
        var question = new PortQuestion { Protocol = "tcp" };
        foreach (var member in body.EnumerateObject())
        {
            switch (member.Name)
            {
                case "port":
                    port = ReadPort(member.Value, faults);
                    break;
                case "protocol":
                    question = question with { Protocol = members.ReadString(member.Value, "$.protocol") ?? "tcp" };
                    if (question.Protocol is not ("tcp" or "udp"))
                        faults.AddText("$.protocol", question.Protocol, "must be \"tcp\" or \"udp\"");
                    break;
                case "edge" when member.Value.ValueKind != JsonValueKind.Null:
                    question = question with { Edge = members.ReadString(member.Value, "$.edge") };
                    break;
                case "edge":
                    break;
                default:
                    members.AddUnknown("$", member, Members);
                    break;
            }
        }

        if (port is null && !body.TryGetProperty("port", out _))
            faults.Add("$.port", "(missing)", "is needed: a port, or a range such as \"8000-8010\"");
        return faults.IsEmpty ? question with { Port = port!.Value } : throw new ProblemException(Problem.Invalid(faults.ToImmutable()));
    }

    private static PortRange? ReadPort(JsonElement value, FaultList faults)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var port))
            return port;
        if (value.ValueKind == JsonValueKind.String && PortRangeJsonConverter.TryParse(value.GetString(), out var range))
            return range;
        faults.Add("$.port", value, "must be a port (1–65535) or a range such as \"8000-8010\"");
        return null;
    }

    private PortAnswer Answer(PortQuestion question, AllowedEdge? edge)
    {
        var udp = question.Protocol == "udp";
        var faults = new EdgeSetFaults();
        ListenPortsValidator.CheckOne(question.Port, udp, edge?.Definition, faults);
        return new PortAnswer
        {
            Valid = faults.IsValid,
            Errors = faults.ErrorList,
            Warnings = faults.WarningList,
            AssignedTo =
            [
                .. store.Current.Values.OrderBy(other => other.Id, StringComparer.Ordinal)
                    .Where(other => (udp ? other.Definition.ListenPortsUdp : other.Definition.ListenPorts).Any(question.Port.Overlaps))
                    .Select(other => other.Id),
            ],
        };
    }
}
