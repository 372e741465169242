using System.Globalization;
using Tunnel.Edge.Status;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Top;

/// <summary>The edge on a terminal: its tunnel, its ports, whom it turns away.</summary>
internal sealed class EdgeTop(TopData data) : IDashboard
{
    private static readonly string[] Views = ["Ports", "Refused", "Events"];
    private static readonly string[] Keys =
    [
        "q  quit", "tab  next view", "↑ ↓ PgUp PgDn  choose", "/  find: type, then enter", "esc  no filter", "s  sort by the next column",
        "?  this help", "● up   ▲ look at it   ✖ broken", "in is from clients, out is to clients",
    ];

    private readonly ItemList<EdgePortStatus> _ports = new(
    [
        new("PORT", 11, (port, _) => ($"{port.Proto}/{Number(port.Port)}", Ink.Bold)),
        new("OPEN", 7, (port, _) => (Number(port.ActiveConnections), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => b.ActiveConnections.CompareTo(a.ActiveConnections),
        },
        new("EVER", 9, (port, _) => (Number(port.TotalConnections), Ink.Plain)) { ToRight = true, Rank = 2 },
        new("IN", 10, (port, _) => (ByteText.Format(port.BytesIn), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => b.BytesIn.CompareTo(a.BytesIn),
        },
        new("OUT", 10, (port, _) => (ByteText.Format(port.BytesOut), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => b.BytesOut.CompareTo(a.BytesOut),
        },
        new("TURNED AWAY", 0, (port, _) => (Reasons(port.Blocked), port.Blocked.Count > 0 ? Ink.Warn : Ink.Dim)) { Rank = 1 },
    ],
    port => $"{port.Proto}/{Number(port.Port)}");

    private readonly ItemList<Refusals> _refused = new(
    [
        new("COUNT", 10, (count, _) => (Number(count.Count), Ink.Bold)) { ToRight = true, Sort = (a, b) => b.Count.CompareTo(a.Count) },
        new("REASON", 0, (count, _) => (count.Reason, Ink.Plain)),
    ],
    count => count.Reason);

    private int _view;
    private int _height = 24;
    private string? _typing;
    private bool _help;

    /// <inheritdoc/>
    public Task RefreshAsync(CancellationToken cancellationToken) => data.RefreshAsync(cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<Row> Draw(int width, int height)
    {
        _height = height;
        if (data.Status is not { } status)
            return [new Row().Add(" tunnel-edge top", Ink.Bold), new Row().Add(" ").Add(data.Fault ?? "asking the edge …", Ink.Bad)];
        List<Row> rows = [.. EdgeSummary.Of(status, data, width)];
        if (height >= IDashboard.Endless)
            return [.. rows, .. _ports.Draw(status.Ports, width, height), .. Refused(status, width, height)];
        rows.Add(Tabs());
        rows.AddRange(_help ? Keys.Select(line => new Row().Add("  ").Add(line)) : Content(status, width, height - rows.Count - 1));
        while (rows.Count < height - 1)
            rows.Add(new Row());
        rows.Add(_typing is { } typed
            ? new Row().Add($" / {typed}_", Ink.Bold)
            : new Row().Add(" q quit  tab view  ↑↓ choose  / find  s sort  ? help", Ink.Dim));
        return rows;
    }

    /// <inheritdoc/>
    public bool Press(ConsoleKeyInfo key)
    {
        if (_typing is not null)
        {
            Type(key);
            return true;
        }

        switch (key)
        {
            case { KeyChar: 'q' }:
            case { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control }:
                return false;
            case { KeyChar: '?' }:
                _help = !_help;
                break;
            case { KeyChar: '/' }:
                _typing = "";
                break;
            case { KeyChar: 's' } when _view == 0:
                _ports.SortByNext();
                break;
            case { KeyChar: 's' }:
                _refused.SortByNext();
                break;
            case { Key: ConsoleKey.Tab }:
                (_view, _help) = ((_view + 1) % Views.Length, false);
                break;
            case { Key: ConsoleKey.Escape or ConsoleKey.Backspace }:
                (_help, _ports.Filter) = (false, "");
                break;
            default:
                Move(key.Key);
                break;
        }

        return true;
    }

    private IEnumerable<Row> Content(EdgeStatus status, int width, int height) => _view switch
    {
        0 => _ports.Draw(status.Ports, width, height),
        1 => Refused(status, width, height),
        _ when data.LastEvents.Count == 0 => [new Row().Add("  Nothing has happened since the edge was started.", Ink.Dim)],
        _ => data.LastEvents.Take(Math.Max(0, height)).Select(line => new Row().Add(" ").Add(line, width - 1)),
    };

    private IReadOnlyList<Row> Refused(EdgeStatus status, int width, int height) => _refused.Draw(
        status.Refused.Concat(status.DatagramsDropped.Select(count => KeyValuePair.Create($"datagrams: {count.Key}", count.Value)))
            .Where(count => count.Value > 0).Select(count => new Refusals(count.Key, count.Value)),
        width, height);

    private void Move(ConsoleKey key)
    {
        var lines = key switch
        {
            ConsoleKey.UpArrow => -1,
            ConsoleKey.DownArrow => 1,
            ConsoleKey.PageUp => -(_height / 2),
            ConsoleKey.PageDown => _height / 2,
            ConsoleKey.Home => -1_000_000,
            ConsoleKey.End => 1_000_000,
            _ => 0,
        };
        if (_view == 0)
            _ports.Move(lines);
        else
            _refused.Move(lines);
    }

    private void Type(ConsoleKeyInfo key)
    {
        if (key.Key is ConsoleKey.Enter or ConsoleKey.Escape)
            (_ports.Filter, _typing) = (key.Key == ConsoleKey.Enter ? _typing! : "", null);
        else if (key.Key == ConsoleKey.Backspace)
            _typing = _typing![..Math.Max(0, _typing!.Length - 1)];
        else if (!char.IsControl(key.KeyChar) && _typing!.Length < 64)
            _typing += key.KeyChar;
        if (_typing is not null)
            _ports.Filter = _typing;
    }

    private Row Tabs()
    {
        var row = new Row().Add(" ");
        for (var view = 0; view < Views.Length; view++)
            row.Add(view == _view ? $"[{Views[view]}]" : $" {Views[view]} ", view == _view ? Ink.Bold : Ink.Dim).Add(" ");
        return _ports.Filter.Length > 0 ? row.Add($" with \"{_ports.Filter}\"", Ink.Warn) : row;
    }

    private static string Reasons(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.OrderByDescending(count => count.Value).Select(count => $"{count.Key} {Number(count.Value)}"));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Refusals(string Reason, long Count);
}
