using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Sni;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How TLS and what goes by its names are written.</summary>
internal static class TlsForms
{
    private static readonly SettingForm<string?> Name = SettingForms.Text(ServerName.MaxLength) with
    {
        Check = (text, path, _, faults) =>
        {
            if (!NameTable.IsPattern(text!))
                faults.AddText(path, text!, $"must be {NameTable.Valid}, in lower case");
        },
    };

    /// <summary>What is done with clients' TLS.</summary>
    public static readonly ObjectForm<TlsDefinition> Tls = new(
        "{\"passthrough\": true}",
        new TlsDefinition(),
        new ObjectSetting<TlsDefinition, bool?>(
            "passthrough", SettingForms.Switch, own => own.Passthrough, (own, value) => own with { Passthrough = value })
        {
            Summary = "true: the name that a client asks for is read, and all of its bytes go to the target as they are",
            Needed = "is needed: true, to read the name that clients ask for",
        },
        new ObjectSetting<TlsDefinition, bool?>(
            "strictSni", SettingForms.Switch, own => own.StrictSni, (own, value) => own with { StrictSni = value })
        {
            Summary = "true: who asks for an unknown name, or for none, is refused; false by default",
        })
    {
        CheckWhole = (tls, path, _, faults) =>
        {
            if (tls.Passthrough == false)
                faults.Add($"{path}.passthrough", "false", "must be true; without \"tls\" nothing is read of the clients' bytes");
        },
    };

    private static readonly ObjectForm<RouteDefinition> Route = new(
        "{\"sni\": \"www.example.com\", \"targets\": [{\"host\": \"10.0.0.5\", \"port\": 8443}]}",
        new RouteDefinition(),
        new ObjectSetting<RouteDefinition, string?>(
            "sni", Name, own => own.Sni.Length > 0 ? own.Sni : null, (own, value) => own with { Sni = value ?? "" })
        {
            Summary = "the name that clients ask for, or `*.example.com` for all names below it",
            Needed = $"is needed: {NameTable.Valid}",
        },
        new ObjectSetting<RouteDefinition, TargetList?>(
            "targets", PoolForms.Targets, own => own.Targets, (own, value) => own with { Targets = value })
        {
            Summary = "the targets of these clients, as in `targets` of the port",
            Needed = "is needed: a list of targets: [{\"host\": \"10.0.0.5\", \"port\": 8443}]",
        });

    /// <summary>Targets by name; an option names each as <c>NAME=HOST[:PORT]</c>.</summary>
    public static readonly SettingForm<ValueList<RouteDefinition>?> Routes = new(
        "NAME=HOST[:PORT]", ReadRoutes, CheckRoutes, RoutesOf,
        new SettingSchema(SettingType.List, Most: RouteDefinition.MaxCount) { Item = Route.Schema });

    private static ValueList<RouteDefinition>? ReadRoutes(WrittenValue value)
    {
        var items = value.Items(
            RouteDefinition.MaxCount,
            "must be a list of routes: [{\"sni\": \"www.example.com\", \"targets\": [{\"host\": \"10.0.0.5\", \"port\": 8443}]}]");
        // A placeholder keeps the places of the others, so that later faults name the right one.
        return new ValueList<RouteDefinition>([.. items.Select(item => Route.Read(item) ?? new RouteDefinition())]);
    }

    private static void CheckRoutes(ValueList<RouteDefinition>? routes, string path, bool udp, FaultList faults)
    {
        if (routes!.Count == 0)
            faults.Add(path, "[]", "must have at least one route; without this member all clients get the port's own targets");
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < routes.Count; i++)
        {
            Route.Check(routes[i], $"{path}[{i}]", udp, faults);
            if (routes[i].Sni is { Length: > 0 } name && !first.TryAdd(name, i))
                faults.AddText($"{path}[{i}].sni", name, $"has a route already, {path}[{first[name]}]; put its targets there");
        }
    }

    // A name that comes again has several targets.
    private static JsonNode? RoutesOf(IReadOnlyList<string> words, PortKinds kind)
    {
        var routes = ImmutableArray.CreateBuilder<JsonNode?>();
        foreach (var group in words.Select(word => word.Split('=', 2)).GroupBy(parts => parts[0], StringComparer.Ordinal))
        {
            var targets = group.Where(parts => parts.Length > 1).Select(parts => parts[1]).ToList();
            var route = new JsonObject { ["sni"] = group.Key };
            if (targets.Count > 0)
                route["targets"] = PoolForms.Targets.FromOption(targets, kind);
            routes.Add(route);
        }

        return new JsonArray([.. routes]);
    }
}
