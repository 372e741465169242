using System.Globalization;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Top;

/// <summary>The lists of ports and of the connections of one port.</summary>
internal static class PortLines
{
    public static readonly Column<PortStatus>[] Columns =
    [
        new("EDGE", 14, (port, _) => (port.EdgeId, Ink.Plain)) { Most = 64 },
        new("PORT", 11, (port, _) => (Name(port), Ink.Bold)),
        new("NAME", 12, (port, _) => (port.Name ?? "", Ink.Plain)) { Rank = 3 },
        new("STATE", 14, (port, _) => State(port))
        {
            Most = 24, Sort = (a, b) => PortHealth.Of(a).Health.CompareTo(PortHealth.Of(b).Health),
        },
        new("OPEN", 6, (port, _) => (Number(port.ActiveConnections), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => b.ActiveConnections.CompareTo(a.ActiveConnections),
        },
        new("EVER", 8, (port, _) => (Number(port.TotalConnections), Ink.Plain)) { ToRight = true, Rank = 2 },
        new("IN", 9, (port, _) => (ByteText.Format(port.BytesIn), Ink.Plain))
        {
            ToRight = true, Rank = 4, Sort = (a, b) => b.BytesIn.CompareTo(a.BytesIn),
        },
        new("OUT", 9, (port, _) => (ByteText.Format(port.BytesOut), Ink.Plain))
        {
            ToRight = true, Rank = 4, Sort = (a, b) => b.BytesOut.CompareTo(a.BytesOut),
        },
        new("BLOCKED", 8, (port, _) => Count(port.Blocked, Ink.Warn))
        {
            ToRight = true, Sort = (a, b) => b.Blocked.Values.Sum().CompareTo(a.Blocked.Values.Sum()),
        },
        new("ERRORS", 0, (port, _) => (Reasons(port.Errors), port.Healthy ? Ink.Plain : Ink.Bad)) { Rank = 1 },
    ];

    public static readonly Column<LiveConnection>[] OfConnections =
    [
        new("CLIENT", 22, (connection, _) => (connection.Client ?? "not known", Ink.Bold)) { Most = 47 },
        new("TO", 0, (connection, _) => (connection.Target, Ink.Plain)) { Rank = 1 },
        new("FOR", 7, (connection, _) => (TimeText.Format(DateTimeOffset.UtcNow - connection.Since), Ink.Plain)) { ToRight = true },
        new("IN", 10, (connection, _) => (ByteText.Format(connection.BytesIn), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => b.BytesIn.CompareTo(a.BytesIn),
        },
        new("OUT", 10, (connection, _) => (ByteText.Format(connection.BytesOut), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => b.BytesOut.CompareTo(a.BytesOut),
        },
    ];

    /// <summary>How a port is written: <c>tcp/443</c>.</summary>
    public static string Name(PortStatus port) => $"{port.Proto}/{Number(port.Port)}";

    /// <summary>The sign and the word of a port's state.</summary>
    public static (string Text, Ink Ink) State(PortStatus port)
    {
        var (health, word) = PortHealth.Of(port);
        return Marks.Of(health, word);
    }

    private static (string Text, Ink Ink) Count(IReadOnlyDictionary<string, long> counts, Ink ink) =>
        counts.Values.Sum() is > 0 and var sum ? (Number(sum), ink) : ("0", Ink.Dim);

    private static string Reasons(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.OrderByDescending(count => count.Value).Select(count => $"{count.Key} {Number(count.Value)}"));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
