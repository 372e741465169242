using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Admin;

/// <summary>Which streams or connections a request asks for; reading it reports every fault at once.</summary>
internal sealed record TrafficQuery(ConnectionFilter Filter, int Limit, long? Cursor)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;
    private const string Address = "address";

    /// <exception cref="ProblemException">A parameter is not valid.</exception>
    public static TrafficQuery Read(HttpRequest request)
    {
        var faults = new FaultList();
        var port = Parse(request, "port", ReadPort, "must be a port such as 443, tcp/443 or udp/53", faults);
        var query = new TrafficQuery(
            new ConnectionFilter
            {
                EdgeId = request.Query["edge"].FirstOrDefault(),
                Port = port?.Port,
                Proto = port?.Proto,
                Address = Parse(
                    request, Address, text => IpRange.TryParse(text, out var block, out _) ? block : (IpRange?)null,
                    "must be an address or a CIDR such as 192.0.2.0/24", faults),
                Action = Parse(request, "action", ReadAction, "must be allowed or blocked", faults),
                Since = Parse(request, "since", ReadTime, "must be a time such as 2026-05-01T12:00:00Z", faults),
                Until = Parse(request, "until", ReadTime, "must be a time such as 2026-05-01T12:00:00Z", faults),
            },
            (int)(Parse(request, "limit", text => ReadNumber(text, 1, MaxLimit), $"must be 1–{MaxLimit}", faults) ?? DefaultLimit),
            Parse(
                request, "cursor", text => ReadNumber(text, 1, long.MaxValue), "must be what the end of the last page has named", faults));
        return faults.IsEmpty ? query : throw new ProblemException(Problem.Invalid(faults.ToImmutable()));
    }

    private static T? Parse<T>(HttpRequest request, string name, Func<string, T?> read, string valid, FaultList faults)
        where T : struct
    {
        if (request.Query[name].FirstOrDefault() is not { } text)
            return null;
        var value = read(text);
        if (value is null)
            faults.AddText($"?{name}", text, name == Address ? HostSyntax.FaultOf(text, valid) : valid);
        return value;
    }

    private static (int Port, string? Proto)? ReadPort(string text)
    {
        if (PortKey.TryParse(text, out var key) && key.Ports.Count == 1)
            return (key.Ports.First, key.Udp ? "udp" : "tcp");
        return ReadNumber(text, 1, 65535) is { } number ? ((int)number, null) : null;
    }

    private static ConnectionAction? ReadAction(string text) => text switch
    {
        "allowed" => ConnectionAction.Allowed,
        "blocked" => ConnectionAction.Blocked,
        _ => null,
    };

    private static DateTimeOffset? ReadTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static long? ReadNumber(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : null;
}
