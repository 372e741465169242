using System.Collections.Immutable;
using System.Globalization;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Dashboard;

namespace Tunnel.Hub.Top;

/// <summary>The hub on a terminal: what is up, how fast, and what is wrong.</summary>
internal sealed class HubTop(TopData data) : IDashboard
{
    private const int EdgesView = 0;
    private const int PortsView = 1;
    private const int TargetsView = 2;
    private const int EventsView = 3;

    private static readonly string[] Views = ["Edges", "Ports", "Targets", "Events"];
    private static readonly string[] Keys =
    [
        "q  quit", "tab  next view", "↑ ↓ PgUp PgDn  choose", "enter  an edge's ports, a port's connections", "esc  back, or no filter",
        "/  find: type, then enter", "s  sort by the next column", "?  this help",
        "● up   ▲ look at it   ✖ broken   ○ off", "in is from clients, out is to clients",
    ];

    private readonly ItemList<ListedEdge> _edges = new(EdgeLines.Columns, line => line.Edge.EdgeId);
    private readonly ItemList<PortStatus> _ports = new(PortLines.Columns, port => $"{port.EdgeId} {PortLines.Name(port)} {port.Name}");
    private readonly ItemList<TargetRow> _targets = new(TargetLines.Columns, row => row.Name);
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
    public Task RefreshAsync(CancellationToken cancellationToken) => data.RefreshAsync(
        new TopQuestion
        {
            Search = _edges.Filter,
            Sort = EdgeLines.OrderOf(_edges.SortedBy),
            Past = (_edges.Window.Count > 0 ? _edges.Window.Select(line => line.Edge) : data.Overview?.Edges ?? [])
                .Where(edge => edge.Connected).Select(edge => edge.EdgeId),
            Ports = _view is PortsView or TargetsView,
            PortsOf = _edge,
            Streams = _port is { } port
                ? $"edge={Uri.EscapeDataString(port.EdgeId)}&port={Uri.EscapeDataString(PortLines.Name(port))}&limit=200"
                : null,
        },
        cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<Row> Draw(int width, int height)
    {
        _height = height;
        var rows = new List<Row>();
        if (data.Overview is not { } hub)
        {
            return
            [
                Title("tunnel-hub top"),
                new Row().Add(" ").Add(data.Fault ?? "asking the hub …", data.Fault is null ? Ink.Dim : Ink.Bad),
            ];
        }

        rows.Add(HubSummary.Title(hub, data.Fault));
        rows.AddRange(HubSummary.Figures(hub, data.Past, width));
        rows.AddRange(Troubles(hub, width, height));
        if (height < IDashboard.Endless)
            rows.Add(Tabs());
        var events = data.LastEvents;
        var below = _view == EventsView || events.Count == 0 || height < 18 ? 0 : Math.Min(events.Count, height / 6) + 1;
        rows.AddRange(_help ? Keys.Select(line => new Row().Add("  ").Add(line)) : Content(hub, width, height - rows.Count - below - 1));
        if (height >= IDashboard.Endless)
            return rows;
        while (rows.Count < height - below - 1)
            rows.Add(new Row());
        if (below > 0)
        {
            rows.Add(new Row().Add(" EVENTS", Ink.Dim));
            rows.AddRange(events.Take(below - 1).Select(line => new Row().Add(" ").Add(line, width - 1)));
        }

        rows.Add(Foot(hub));
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
                List?.SortByNext();
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

    private IEnumerable<Row> Content(OverviewAnswer hub, int width, int height) => this switch
    {
        { _port: not null } when (data.Streams?.Streams ?? []).Length == 0 => [Nothing("No connection of this port is open.")],
        { _port: not null } => _connections.Draw(data.Streams?.Streams ?? [], width, height),
        { _view: EdgesView } when hub.AllowedEdges == 0 => HubSummary.FirstSteps(hub),
        { _view: EdgesView } => _edges.Draw(EdgeLines.Of(hub, data.Past), width, height),
        { _view: PortsView } when data.Ports.Count == 0 =>
            [Nothing(_edge is null ? "No port has had a client yet." : "This edge has no ports.")],
        { _view: PortsView } => _ports.Draw(data.Ports, width, height),
        { _view: TargetsView } when TargetLines.Of(data.Ports).ToArray() is { Length: > 0 } targets =>
            _targets.Draw(targets, width, height),
        { _view: TargetsView } => [Nothing("No port has targets of its own (--targets): their one target is in the view of ports.")],
        _ when data.LastEvents.Count == 0 => [Nothing("Nothing has happened since the hub was started.")],
        _ => data.LastEvents.Skip(_eventsTop).Take(Math.Max(0, height)).Select(line => new Row().Add(" ").Add(line, width - 1)),
    };

    private void Open()
    {
        if (_view == EdgesView && _edges.Chosen is { } edge)
            (_view, _edge) = (PortsView, edge.Edge.EdgeId);
        else if (_view == PortsView && _port is null)
            _port = _ports.Chosen;
        else if (_view == TargetsView && _targets.Chosen is { } row)
            (_view, _port) = (PortsView, row.Port);
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
            (_view, _edge) = (EdgesView, null);
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
        if (List is { } list)
            list.Move(lines);
        else
            _eventsTop = Math.Clamp(_eventsTop + lines, 0, Math.Max(0, data.LastEvents.Count - 1));
    }

    // The list that is shown; null for events, which are lines without an order of their own.
    private IItemList? List => this switch
    {
        { _port: not null } => _connections,
        { _view: EdgesView } => _edges,
        { _view: PortsView } => _ports,
        { _view: TargetsView } => _targets,
        _ => null,
    };

    private string Filter
    {
        get => List?.Filter ?? "";
        set
        {
            if (List is { } list)
                list.Filter = value;
        }
    }

    // Shows the troubles of the edge whose ports are shown, or of all edges.
    private IEnumerable<Row> Troubles(OverviewAnswer hub, int width, int height)
    {
        var shown = _edge is null ? hub.Troubles : hub.Troubles.Where(trouble => trouble.EdgeId == _edge).ToImmutableArray();
        return HubSummary.Troubles(
            shown, _edge is null ? hub.Bad + hub.Warn : shown.Length, width,
            height >= IDashboard.Endless ? OverviewAnswer.MaxTroubles : Math.Clamp((height - 9) / 5, 0, 6));
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

    private Row Foot(OverviewAnswer hub) => this switch
    {
        { _typing: { } typed } => new Row().Add($" / {typed}_", Ink.Bold),
        { _view: EdgesView } when hub.Found > hub.Edges.Length => new Row().Add(
            string.Create(
                CultureInfo.InvariantCulture, $" the first {hub.Edges.Length} of {hub.Found} edges: / finds others, s sorts  ? help"),
            Ink.Dim),
        _ => new Row().Add(" q quit  tab view  ↑↓ choose  enter open  esc back  / find  s sort  ? help", Ink.Dim),
    };

    private static Row Nothing(string text) => new Row().Add("  ").Add(text, Ink.Dim);

    private static Row Title(string text) => new Row().Add(" ").Add(text, Ink.Bold);
}
