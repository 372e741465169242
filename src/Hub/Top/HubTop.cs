using System.Globalization;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Dashboard;

namespace Tunnel.Hub.Top;

/// <summary>The hub on a terminal: what is up, how fast, and what is wrong.</summary>
internal sealed class HubTop(TopData data) : IDashboard
{
    private static readonly string[] Views = ["Edges", "Ports", "Events"];
    private static readonly string[] Keys =
    [
        "q  quit", "tab  next view", "↑ ↓ PgUp PgDn  choose", "enter  an edge's ports, a port's connections", "esc  back, or no filter",
        "/  find: type, then enter", "s  sort by the next column", "?  this help",
        "● up   ▲ look at it   ✖ broken   ○ off", "in is from clients, out is to clients",
    ];

    private readonly ItemList<EdgeLine> _edges = new(EdgeLines.Columns, line => line.Edge.EdgeId);
    private readonly ItemList<PortStatus> _ports = new(PortLines.Columns, port => $"{port.EdgeId} {PortLines.Name(port)} {port.Name}");
    private readonly ItemList<LiveConnection> _connections =
        new(PortLines.OfConnections, connection => $"{connection.Client} {connection.Id.ToString(CultureInfo.InvariantCulture)}");

    private int _view;
    private int _height = 24;
    private string? _edge;
    private PortStatus? _port;
    private string? _typing;
    private bool _help;
    private int _eventsTop;

    /// <inheritdoc/>
    public Task RefreshAsync(CancellationToken cancellationToken)
    {
        var edges = data.Status is { } status
            ? EdgeLines.Of(status, null).Where(line => line.Live is not null).Select(line => line.Edge.EdgeId)
            : [];
        var streams = _port is { } port
            ? $"edge={Uri.EscapeDataString(port.EdgeId)}&port={Uri.EscapeDataString(PortLines.Name(port))}&limit=200"
            : null;
        return data.RefreshAsync(edges, _edge, streams, cancellationToken);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Row> Draw(int width, int height)
    {
        _height = height;
        var rows = new List<Row>();
        if (data.Status is not { } status)
            return [
                Title("tunnel-hub top"), new Row().Add(" ").Add(data.Fault ?? "asking the hub …", data.Fault is null ? Ink.Dim : Ink.Bad)];
        rows.Add(HubSummary.Title(status, data.Fault));
        rows.AddRange(HubSummary.Figures(status, data.Past, width));
        if (height < IDashboard.Endless)
            rows.Add(Tabs());
        var events = data.LastEvents;
        var below = _view == 2 || events.Count == 0 || height < 18 ? 0 : Math.Min(events.Count, height / 6) + 1;
        rows.AddRange(_help ? Keys.Select(line => new Row().Add("  ").Add(line)) : Content(width, height - rows.Count - below - 1));
        if (height >= IDashboard.Endless)
            return rows;
        while (rows.Count < height - below - 1)
            rows.Add(new Row());
        if (below > 0)
        {
            rows.Add(new Row().Add(" EVENTS", Ink.Dim));
            rows.AddRange(events.Take(below - 1).Select(line => new Row().Add(" ").Add(line, width - 1)));
        }

        rows.Add(Foot());
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
            case { KeyChar: 's' }:
                Sort();
                break;
            case { Key: ConsoleKey.Tab }:
                (_view, _edge, _port, _help) = ((_view + 1) % Views.Length, null, null, false);
                break;
            case { Key: ConsoleKey.Escape or ConsoleKey.Backspace }:
                Back();
                break;
            case { Key: ConsoleKey.Enter }:
                Open();
                break;
            default:
                Move(key.Key);
                break;
        }

        return true;
    }

    private IEnumerable<Row> Content(int width, int height) => this switch
    {
        { _port: not null } when (data.Streams?.Streams ?? []).Length == 0 => [Nothing("No connection of this port is open.")],
        { _port: not null } => _connections.Draw(data.Streams?.Streams ?? [], width, height),
        { _view: 0 } when data.Status!.Edges.IsEmpty => HubSummary.FirstSteps(data.Status),
        { _view: 0 } => _edges.Draw(EdgeLines.Of(data.Status!, data.Past), width, height),
        { _view: 1 } when data.Ports.Count == 0 => [Nothing(_edge is null ? "No port has had a client yet." : "This edge has no ports.")],
        { _view: 1 } => _ports.Draw(data.Ports, width, height),
        _ when data.LastEvents.Count == 0 => [Nothing("Nothing has happened since the hub was started.")],
        _ => data.LastEvents.Skip(_eventsTop).Take(Math.Max(0, height)).Select(line => new Row().Add(" ").Add(line, width - 1)),
    };

    private void Open()
    {
        if (_view == 0 && _edges.Chosen is { } edge)
            (_view, _edge) = (1, edge.Edge.EdgeId);
        else if (_view == 1 && _port is null)
            _port = _ports.Chosen;
    }

    private void Back()
    {
        if (_help)
            _help = false;
        else if (Filter.Length > 0)
            Filter = "";
        else if (_port is not null)
            _port = null;
        else
            (_view, _edge) = (0, null);
    }

    private void Type(ConsoleKeyInfo key)
    {
        if (key.Key is ConsoleKey.Enter or ConsoleKey.Escape)
            (Filter, _typing) = (key.Key == ConsoleKey.Enter ? _typing! : "", null);
        else if (key.Key == ConsoleKey.Backspace)
            _typing = _typing![..Math.Max(0, _typing!.Length - 1)];
        else if (!char.IsControl(key.KeyChar) && _typing!.Length < 64)
            _typing += key.KeyChar;
        if (_typing is not null)
            Filter = _typing;
    }

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
        if (_port is not null)
            _connections.Move(lines);
        else if (_view == 0)
            _edges.Move(lines);
        else if (_view == 1)
            _ports.Move(lines);
        else
            _eventsTop = Math.Clamp(_eventsTop + lines, 0, Math.Max(0, data.LastEvents.Count - 1));
    }

    private void Sort()
    {
        if (_port is not null)
            _connections.SortByNext();
        else if (_view == 0)
            _edges.SortByNext();
        else if (_view == 1)
            _ports.SortByNext();
    }

    private string Filter
    {
        get => _port is not null ? _connections.Filter : _view == 0 ? _edges.Filter : _view == 1 ? _ports.Filter : "";
        set
        {
            if (_port is not null)
                _connections.Filter = value;
            else if (_view == 0)
                _edges.Filter = value;
            else if (_view == 1)
                _ports.Filter = value;
        }
    }

    private Row Tabs()
    {
        var row = new Row().Add(" ");
        for (var view = 0; view < Views.Length; view++)
            row.Add(view == _view ? $"[{Views[view]}]" : $" {Views[view]} ", view == _view ? Ink.Bold : Ink.Dim).Add(" ");
        if (_edge is not null)
            row.Add($" of {_edge}");
        if (_port is not null)
            row.Add($" connections of {_port.EdgeId} {PortLines.Name(_port)}");
        if (Filter.Length > 0)
            row.Add($" with \"{Filter}\"", Ink.Warn);
        return row;
    }

    private Row Foot() => _typing is { } typed
        ? new Row().Add($" / {typed}_", Ink.Bold)
        : new Row().Add(" q quit  tab view  ↑↓ choose  enter open  esc back  / find  s sort  ? help", Ink.Dim);

    private static Row Nothing(string text) => new Row().Add("  ").Add(text, Ink.Dim);

    private static Row Title(string text) => new Row().Add(" ").Add(text, Ink.Bold);
}
