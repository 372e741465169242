using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Admin;

/// <summary>Which streams or connections a request asks for; reading it reports every fault at once.</summary>
internal sealed record TrafficQuery(ConnectionFilter Filter, int Limit, long? Cursor)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;

    /// <exception cref="ProblemException">A parameter is not valid.</exception>
    public static TrafficQuery Read(HttpRequest request)
    {
        var reader = new QueryReader(request);
        var port = reader.Parse("port", ReadPort, "must be a port such as 443, tcp/443 or udp/53");
        var query = new TrafficQuery(
            new ConnectionFilter
            {
                EdgeId = reader.Text("edge"),
                Port = port?.Port,
                Proto = port?.Proto,
                Address = reader.Parse(
                    "address", text => IpRange.TryParse(text, out var block, out _) ? block : (IpRange?)null,
                    text => HostSyntax.FaultOf(text, "must be an address or a CIDR such as 192.0.2.0/24")),
                Action = reader.Parse("action", ReadAction, "must be allowed or blocked"),
                Since = reader.Parse("since", ReadTime, "must be a time such as 2026-05-01T12:00:00Z"),
                Until = reader.Parse("until", ReadTime, "must be a time such as 2026-05-01T12:00:00Z"),
            },
            (int)(reader.Parse("limit", text => QueryReader.ReadNumber(text, 1, MaxLimit), $"must be 1–{MaxLimit}") ?? DefaultLimit),
            reader.Parse(
                "cursor", text => QueryReader.ReadNumber(text, 1, long.MaxValue), "must be what the end of the last page has named"));
        reader.Check();
        return query;
    }

    private static (int Port, string? Proto)? ReadPort(string text)
    {
        if (PortKey.TryParse(text, out var key) && key.Ports.Count == 1)
            return (key.Ports.First, key.Udp ? "udp" : "tcp");
        return QueryReader.ReadNumber(text, 1, 65535) is { } number ? ((int)number, null) : null;
    }

    private static ConnectionAction? ReadAction(string text) => text switch
    {
        "allowed" => ConnectionAction.Allowed,
        "blocked" => ConnectionAction.Blocked,
        _ => null,
    };

    private static DateTimeOffset? ReadTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
