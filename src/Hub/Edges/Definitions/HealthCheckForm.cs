using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How a health check is written.</summary>
internal static class HealthCheckForm
{
    private const int MaxBytes = 1_024;
    private const int MaxPath = 1_024;

    private static readonly SettingForm<HealthCheckType?> Types = SettingForms.Word(
        ("tcp", HealthCheckType.Tcp), ("tls", HealthCheckType.Tls), ("http", HealthCheckType.Http), ("https", HealthCheckType.Https),
        ("udp", HealthCheckType.Udp));

    private static readonly SettingForm<string?> Payload = SettingForms.Text(MaxBytes * 3) with
    {
        Check = (text, path, _, faults) =>
        {
            if (HealthCheckDefinition.Bytes(text!) is not { Length: > 0 and <= MaxBytes })
                faults.AddText(path, text!, $"must be 1–{MaxBytes} bytes: text, or hex:0a0b0c");
        },
    };

    private static readonly SettingForm<string?> Path = SettingForms.Text(MaxPath) with
    {
        Check = (text, path, _, faults) =>
        {
            if (text!.Length > MaxPath || !text.StartsWith('/') || text.Any(c => c is <= ' ' or > '~'))
            {
                faults.AddText(
                    path, text, $"must be a path such as \"/health\": printable ASCII without spaces, at most {MaxPath} characters");
            }
        },
    };

    private static readonly SettingForm<string?> Statuses = SettingForms.Text(100) with
    {
        Check = (text, path, _, faults) =>
        {
            if (HealthCheckDefinition.Statuses(text!) is null)
                faults.AddText(path, text!, "must be HTTP statuses and ranges of them, such as \"200-399\" or \"200,204\"");
        },
    };

    private static readonly SettingForm<string?> Host = SettingForms.Text(253) with
    {
        Check = (text, path, _, faults) =>
        {
            if (!HostSyntax.IsUrlHost(text!))
                faults.AddText(path, text!, HostSyntax.FaultOfHost(text!, HostSyntax.ValidHost));
        },
    };

    /// <summary>The members.</summary>
    public static readonly ObjectForm<HealthCheckDefinition> Form = new(
        "{\"type\": \"http\", \"path\": \"/health\"}",
        new HealthCheckDefinition(),
        new ObjectSetting<HealthCheckDefinition, HealthCheckType?>(
            "type", Types, own => own.Type, (own, value) => own with { Type = value })
        {
            Summary = "`tcp`, `tls`, `http`, `https` or `udp`",
            Needed = "is needed: \"tcp\", \"tls\", \"http\", \"https\" or \"udp\"",
        },
        new ObjectSetting<HealthCheckDefinition, int?>(
            "interval", SettingForms.Number(1, 3600, "seconds"), own => own.Interval, (own, value) => own with { Interval = value })
        {
            Summary = "seconds between two checks of a target; 10 by default",
        },
        new ObjectSetting<HealthCheckDefinition, int?>(
            "timeout", SettingForms.Number(1, 60, "seconds"), own => own.Timeout, (own, value) => own with { Timeout = value })
        {
            Summary = "seconds that a check may take; 3 by default",
        },
        new ObjectSetting<HealthCheckDefinition, string?>("path", Path, own => own.Path, (own, value) => own with { Path = value })
        {
            Summary = "the path of an HTTP request; `/` by default",
        },
        new ObjectSetting<HealthCheckDefinition, string?>(
            "expectStatus", Statuses, own => own.ExpectStatus, (own, value) => own with { ExpectStatus = value })
        {
            Summary = "the HTTP statuses that mean that it works; `200-399` by default",
        },
        new ObjectSetting<HealthCheckDefinition, string?>("host", Host, own => own.Host, (own, value) => own with { Host = value })
        {
            Summary = "the host of an HTTP request and the server name of a TLS handshake; the target's by default",
        },
        new ObjectSetting<HealthCheckDefinition, string?>("send", Payload, own => own.Send, (own, value) => own with { Send = value })
        {
            Summary = "what is sent (`tcp`, `udp`): text, or `hex:0a0b`",
        },
        new ObjectSetting<HealthCheckDefinition, string?>("expect", Payload, own => own.Expect, (own, value) => own with { Expect = value })
        {
            Summary = "what the answer has to contain (`tcp`, `udp`): text, or `hex:0a0b`",
        },
        new ObjectSetting<HealthCheckDefinition, int?>(
            "unhealthyThreshold", SettingForms.Number(1, 100, "checks in a row"), own => own.UnhealthyThreshold,
            (own, value) => own with { UnhealthyThreshold = value })
        {
            Summary = "how many checks in a row have to fail before the target is down; 3 by default",
        },
        new ObjectSetting<HealthCheckDefinition, int?>(
            "healthyThreshold", SettingForms.Number(1, 100, "checks in a row"), own => own.HealthyThreshold,
            (own, value) => own with { HealthyThreshold = value })
        {
            Summary = "how many checks in a row have to succeed before it is up again; 2 by default",
        },
        new ObjectSetting<HealthCheckDefinition, ProxyProtocol?>(
            "proxyProtocol", SettingForms.Proxy, own => own.ProxyProtocol, (own, value) => own with { ProxyProtocol = value })
        {
            Summary = "the PROXY header of a check: `off`, `v1` (UNKNOWN) or `v2` (LOCAL); by default as the port's clients have it",
        })
    {
        CheckWhole = CheckWhole,
    };

    private static void CheckWhole(HealthCheckDefinition check, string path, bool udp, FaultList faults)
    {
        // A member without effect would look as if it were in force.
        var isHttp = check.Type is HealthCheckType.Http or HealthCheckType.Https;
        var isPlain = check.Type is HealthCheckType.Tcp or HealthCheckType.Udp;
        Refuse(check.Path is not null && !isHttp, "path", "is for the types http and https");
        Refuse(check.ExpectStatus is not null && !isHttp, "expectStatus", "is for the types http and https");
        Refuse(check.Host is not null && isPlain, "host", "is for the types tls, http and https");
        Refuse(check.Send is not null && !isPlain && check.Type is not null, "send", "is for the types tcp and udp");
        Refuse(check.Expect is not null && !isPlain && check.Type is not null, "expect", "is for the types tcp and udp");
        Refuse(
            check.ProxyProtocol == ProxyProtocol.V1 && check.Type == HealthCheckType.Udp, "proxyProtocol",
            "exists for datagrams in version 2 only: \"v2\" or \"off\"");
        if (check is { Type: HealthCheckType.Udp, Send: null })
            faults.Add($"{path}.send", "(missing)", "is needed with the type udp, since a service answers only what it is asked");

        void Refuse(bool isWrong, string member, string message)
        {
            if (isWrong)
                faults.Add($"{path}.{member}", "(present)", message);
        }
    }
}
