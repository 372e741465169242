using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Tunnel.Hub.Certificates;
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

    // This is the longest path that Linux takes (PATH_MAX).
    private const int MaxPath = 4_096;

    /// <summary>The path of a PEM file, or PEM text, which may be a key: no fault shows it.</summary>
    public static readonly SettingForm<PemSource?> Pem = new(
        "PATH",
        value => value.Secret(),
        CheckPem,
        (words, _) => words[^1],
        new SettingSchema(SettingType.Text, Most: PemSource.MaxLength));

    private static readonly ObjectForm<CertificateDefinition> Certificate = new(
        "{\"certPem\": \"/etc/tls/fullchain.pem\", \"keyPem\": \"/etc/tls/privkey.pem\"}",
        new CertificateDefinition(),
        new ObjectSetting<CertificateDefinition, PemSource?>(
            "certPem", Pem, own => own.CertPem.Value.Length > 0 ? own.CertPem : null,
            (own, value) => own with { CertPem = value ?? new PemSource("") })
        {
            Summary = "the certificate and its chain: the path of a PEM file, or PEM text",
            Needed = "is needed: the path of the PEM file with the certificate and its chain, or the PEM text itself",
        },
        new ObjectSetting<CertificateDefinition, PemSource?>(
            "keyPem", Pem, own => own.KeyPem, (own, value) => own with { KeyPem = value })
        {
            Summary = "the private key: the path of a PEM file, or PEM text; by default it is where the certificate is",
        });

    private static readonly SettingForm<ValueList<CertificateDefinition>?> Certificates = new(
        "CERT[:KEY]",
        value => new ValueList<CertificateDefinition>([
            .. value.Items(CertificateDefinition.MaxCount, "must be a list of certificates: [{\"certPem\": \"…\", \"keyPem\": \"…\"}]")
                .Select(item => Certificate.Read(item) ?? new CertificateDefinition())]),
        (list, path, udp, faults) =>
        {
            for (var i = 0; i < list!.Count; i++)
                Certificate.Check(list[i], $"{path}[{i}]", udp, faults);
        },
        (words, _) => new JsonArray([.. words.Select(CertificateOf)]),
        new SettingSchema(SettingType.List, Most: CertificateDefinition.MaxCount) { Item = Certificate.Schema });

    private static readonly SettingForm<ValueList<string>?> Alpn = new(
        "NAME[+NAME…]",
        value => new ValueList<string>([
            .. value.Items(16, "must be a list of protocols: [\"h2\", \"http/1.1\"]").Select(item => item.Text() ?? "")]),
        (list, path, _, faults) =>
        {
            if (list!.Count == 0)
                faults.Add(path, "[]", "must name at least one protocol, such as \"http/1.1\"; without this member none is agreed on");
            for (var i = 0; i < list.Count; i++)
            {
                if (list[i].Length is 0 or > 255 || list[i].Any(static c => c is <= ' ' or > '~'))
                    faults.AddText($"{path}[{i}]", list[i], "must be 1–255 printable ASCII characters, such as \"h2\" or \"http/1.1\"");
            }
        },
        (words, _) => new JsonArray([.. words[^1].Split('+').Select(word => JsonValue.Create(word))]),
        new SettingSchema(SettingType.List, Most: 16));

    /// <summary>The form of the setting for clients' TLS.</summary>
    public static readonly ObjectForm<TlsDefinition> Tls = new(
        "{\"passthrough\": true}",
        new TlsDefinition(),
        new ObjectSetting<TlsDefinition, bool?>(
            "passthrough", SettingForms.Switch, own => own.Passthrough, (own, value) => own with { Passthrough = value })
        {
            Summary = "true: the name that a client asks for is read, and all of its bytes go to the target as they are",
        },
        new ObjectSetting<TlsDefinition, ValueList<CertificateDefinition>?>(
            "certificates", Certificates, own => own.Certificates, (own, value) => own with { Certificates = value })
        {
            Summary = "TLS ends at the hub, with these certificates; the first is for all names that no other has",
        },
        new ObjectSetting<TlsDefinition, bool?>(
            "strictSni", SettingForms.Switch, own => own.StrictSni, (own, value) => own with { StrictSni = value })
        {
            Summary = "true: who asks for an unknown name, or for none, is refused; false by default",
        },
        new ObjectSetting<TlsDefinition, TlsVersion?>(
            "minVersion", SettingForms.Word(("1.2", TlsVersion.Tls12), ("1.3", TlsVersion.Tls13)), own => own.MinVersion,
            (own, value) => own with { MinVersion = value })
        {
            Summary = "the oldest version that a client may speak: `1.2`, the default, or `1.3`",
        },
        new ObjectSetting<TlsDefinition, ValueList<string>?>("alpn", Alpn, own => own.Alpn, (own, value) => own with { Alpn = value })
        {
            Summary = "the application protocols in the order of preference, such as `h2` and `http/1.1`; none by default",
        },
        new ObjectSetting<TlsDefinition, PemSource?>("clientCa", Pem, own => own.ClientCa, (own, value) => own with { ClientCa = value })
        {
            Summary = "authorities, as the path of a PEM file or PEM text: clients must show a certificate of one of them",
        })
    {
        CheckWhole = TlsCheck.Check,
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

    private static void CheckPem(PemSource? source, string path, bool udp, FaultList faults)
    {
        var most = source!.IsText ? PemSource.MaxLength : MaxPath;
        if (source.IsReference)
        {
            faults.AddText(
                path, source.Value, "stands for a text that this edge had, and now it has none such; write the PEM text, or a path");
        }
        else if (!source.IsWhole)
        {
            faults.AddText(
                path, source.ToString(),
                "must be the whole path of a file, such as \"/etc/tls/fullchain.pem\", or PEM text, which begins with -----BEGIN");
        }
        else if (source.Value.Length > most)
        {
            faults.Add(path, $"{source.Value.Length} characters", $"must have at most {most}");
        }
    }

    private static JsonNode? CertificateOf(string word)
    {
        var parts = word.Split(':', 2);
        var certificate = new JsonObject { ["certPem"] = parts[0] };
        if (parts.Length > 1)
            certificate["keyPem"] = parts[1];
        return certificate;
    }

    // A name that comes again gets several targets.
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
