// All edges, with trouble first, in parts of fifty.

import { addressOf } from './connections.js';
import { el } from './dom.js';
import { bytes, milliseconds, number, rate, since } from './format.js';
import { spark } from './graph.js';
import { state } from './icons.js';
import { hub } from './live.js';
import { recent } from './past.js';
import { edgeState, portState, SEVERITY } from './states.js';
import { pager, table } from './table.js';

const SIZE = 50;
const LOOK_BACK = { points: 60, every: 10000 };

const COLUMNS = [
    { key: 'edge', label: 'Edge', sort: row => row.edge.edgeId },
    { key: 'state', label: 'State', sort: row => SEVERITY[row.kind] },
    { key: 'since', label: 'Since', number: true, sort: row => Date.parse(row.edge.connectedSince ?? row.edge.lastSeen ?? 0) },
    { key: 'over', label: 'Over', short: true, sort: row => row.live?.transport ?? '' },
    { key: 'rtt', label: 'Round trip', number: true, sort: row => row.live?.rtt ?? -1 },
    { key: 'open', label: 'Open', number: true, sort: row => (row.live ? row.live.activeStreams + row.live.activeSessions : -1) },
    { key: 'in', label: 'From clients', number: true, sort: row => hub.rates.get(row.edge.edgeId)?.in ?? -1 },
    { key: 'out', label: 'To clients', number: true, sort: row => hub.rates.get(row.edge.edgeId)?.out ?? -1 },
    { key: 'spark', label: 'Last 10 min' },
    { key: 'ports', label: 'Ports' },
];

export function edgeTable(status, context) {
    const view = (context.state.edges ??= { by: 'state', down: false, page: 0, filter: '' });
    const rows = select(status, view);
    view.page = Math.min(view.page, Math.max(0, Math.ceil(rows.length / SIZE) - 1));
    const shown = rows.slice(view.page * SIZE, (view.page + 1) * SIZE);
    const past = recent(
        context,
        'edges',
        shown.filter(row => row.live).map(row => row.edge.edgeId),
        10,
        LOOK_BACK,
    );
    const series = new Map((past?.edges ?? []).map(edge => [edge.edgeId, edge]));
    return el(
        'section',
        { class: 'panel', 'data-key': 'edges' },
        el(
            'div',
            { class: 'panel-head' },
            el('h2', {}, 'Edges'),
            status.edges.length > 5 ? search(view, context) : el('span', { class: 'quiet' }, ''),
        ),
        rows.length === 0
            ? el('p', { class: 'quiet' }, 'No edge has that in its name.')
            : table(
                  'Edges',
                  COLUMNS,
                  shown.map(row => ({ key: row.edge.edgeId, cells: cells(row, series) })),
                  {
                      ...view,
                      choose: by => {
                          Object.assign(view, { by, down: view.by === by ? !view.down : false });
                          context.refresh();
                      },
                  },
              ),
        pager(rows.length, view.page, SIZE, page => {
            view.page = page;
            context.refresh();
        }),
    );
}

function search(view, context) {
    return el(
        'div',
        {},
        el('label', { class: 'hidden', for: 'edge-filter' }, 'Edges whose name has'),
        el('input', {
            id: 'edge-filter',
            type: 'search',
            placeholder: 'Find an edge',
            autocomplete: 'off',
            oninput: event => {
                Object.assign(view, { filter: event.target.value.toLowerCase(), page: 0 });
                context.refresh();
            },
        }),
    );
}

function select(status, view) {
    const live = new Map(status.connectedEdges.map(edge => [edge.edgeId, edge]));
    const worst = worstPorts(status.ports);
    const sort = COLUMNS.find(column => column.key === view.by).sort;
    const turn = view.down ? -1 : 1;
    return status.edges
        .filter(edge => edge.edgeId.toLowerCase().includes(view.filter))
        .map(edge => {
            const [kind, word] = edgeState(edge, worst.get(edge.edgeId));
            return { edge, live: live.get(edge.edgeId), kind, word };
        })
        .sort((a, b) => {
            const [x, y] = [sort(a), sort(b)];
            return turn * (x < y ? -1 : x > y ? 1 : 0) || (a.edge.edgeId < b.edge.edgeId ? -1 : 1);
        });
}

// The worst of each edge's ports that are not well.
function worstPorts(ports) {
    const worst = new Map();
    for (const port of ports) {
        const state = portState(port);
        if (SEVERITY[state[0]] < SEVERITY[worst.get(port.edgeId)?.[0] ?? 'good']) worst.set(port.edgeId, state);
    }
    return worst;
}

function cells({ edge, live, kind, word }, series) {
    const rates = hub.rates.get(edge.edgeId);
    return {
        edge: [
            el('a', { class: 'name', href: `#/edges/${encodeURIComponent(edge.edgeId)}` }, edge.edgeId),
            el('span', { class: 'sub' }, edge.remote ? addressOf(edge.remote) : ''),
        ],
        state: state(kind, word),
        since: since(edge.connectedSince ?? edge.lastSeen),
        over: live ? `${live.transport}${live.lanes > live.tunnels ? ` × ${live.lanes}` : ''}` : null,
        rtt: live ? milliseconds(live.rtt) : null,
        open: live ? number(live.activeStreams + live.activeSessions) : null,
        in: live ? [el('span', {}, rates ? rate(rates.in) : '…'), el('span', { class: 'sub' }, `${bytes(live.bytesIn)} in all`)] : null,
        out: live
            ? [el('span', {}, rates ? rate(rates.out) : '…'), el('span', { class: 'sub' }, `${bytes(live.bytesOut)} in all`)]
            : null,
        spark: live ? el('span', { class: 'in' }, spark(series.get(edge.edgeId))) : null,
        ports: ports(edge),
    };
}

function ports(edge) {
    const failed = [edge.tcp.failed && `tcp ${edge.tcp.failed}`, edge.udp.failed && `udp ${edge.udp.failed}`].filter(Boolean).join(', ');
    const wanted = [edge.tcp.wanted && `tcp ${edge.tcp.wanted}`, edge.udp.wanted && `udp ${edge.udp.wanted}`].filter(Boolean).join(', ');
    return [
        el('span', {}, shorten(wanted) || 'none'),
        failed ? el('span', { class: 'sub' }, state('bad', `not bound: ${shorten(failed)}`)) : null,
    ];
}

const shorten = text => (text.length > 42 ? `${text.slice(0, 40)}…` : text);
