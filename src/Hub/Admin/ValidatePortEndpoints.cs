using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>Says before a change whether a port could be assigned, by the same rules as the change itself.</summary>
internal sealed class ValidatePortEndpoints(EdgeStore store)
{
    private static readonly ObjectReader<PortQuestion> Question = new(
        "{\"port\": 443, \"protocol\": \"tcp\"}",
        new(
            "port", (question, value) => question with { Port = value.Ports() ?? default },
            Needed: "is needed: a port, or a range such as \"8000-8010\""),
        new("protocol", (question, value) => question with { Protocol = ReadProtocol(value) }),
        new("edge", (question, value) => question with { Edge = value.Text() }),
        new("policy", ReadPolicy))
    {
        HidesValue = true,
    };

    public void Map(AdminRoutes routes) =>
        routes.Post(
            "/api/v1/validate-port", ValidateAsync, "validatePort",
            "Whether a port or a range could be assigned, to anybody or to a given edge; changes nothing.")
            .Body<PortQuestion>()
            .Answers<PortAnswer>()
            .Fails(StatusCodes.Status404NotFound);

    private async Task ValidateAsync(HttpContext context)
    {
        var question = await AdminRequest.ReadAsync(context, Question, new PortQuestion { Protocol = "tcp" });
        var edge = question.Edge is { } id ? store.Find(id) ?? throw new ProblemException(Problem.NotFound(id)) : null;
        await AdminResults.WriteAsync(context, Answer(question, edge), AdminJson.Default.PortAnswer);
    }

    private static PortQuestion ReadPolicy(PortQuestion question, WrittenValue value)
    {
        var unreadable = new FaultList();
        var policy = PortSettings.Read(value with { Faults = unreadable });
        return question with { Policy = policy, Unreadable = unreadable.ToImmutable() };
    }

    private static string ReadProtocol(WrittenValue value)
    {
        var protocol = value.Text() ?? "tcp";
        if (protocol is not ("tcp" or "udp"))
            value.Faults.AddText(value.Path, protocol, "must be \"tcp\" or \"udp\"");
        return protocol;
    }

    // The port is checked by the rules of a whole edge, which has this port alone and its default.
    private static void CheckPolicy(PortPolicyDefinition policy, PortKey key, EdgeDefinition? edge, EdgeSetFaults faults)
    {
        const string path = "$.ports";
        var found = new EdgeSetFaults();
        var ports = EdgeDefinition.NoPorts;
        if (edge?.Ports.GetValueOrDefault(PortKey.Default) is { } fallback)
            ports = ports.Add(PortKey.Default, fallback);
        var own = (edge ?? new EdgeDefinition { Id = "edge" }) with { ListenPorts = [], ListenPortsUdp = [], Ports = ports };
        own = KeptPem.Restore(EdgePorts.Put(own, key, policy), edge);
        PortPolicyValidator.Check(own, edge, path, found);
        var prefix = JsonPlace.Index(path, key.ToString());
        Move(found.ErrorList, faults.Errors);
        Move(found.WarningList, faults.Warnings);

        // Faults of the default exist already, and do not belong to this question.
        void Move(ImmutableArray<Fault> from, FaultList to)
        {
            foreach (var fault in from.Where(fault => fault.Path.StartsWith(prefix, StringComparison.Ordinal)))
                to.Add($"$.policy{fault.Path[prefix.Length..]}", fault.Value, fault.Message);
        }
    }

    private PortAnswer Answer(PortQuestion question, AllowedEdge? edge)
    {
        var udp = question.Protocol == "udp";
        var faults = new EdgeSetFaults();
        ListenPortsValidator.CheckOne(question.Port, udp, edge?.Definition, faults);
        faults.Errors.AddRange(question.Unreadable);
        if (question is { Policy: { } policy, Port.IsPossible: true })
            CheckPolicy(policy, new PortKey(udp, question.Port), edge?.Definition, faults);
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
