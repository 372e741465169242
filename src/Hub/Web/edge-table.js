// All edges, with trouble first, in parts of fifty: the hub sorts and finds, and sends the part that is shown. On a phone those that are
// well take two lines; their own view has the rest.

import { addressOf } from './connections.js';
import { el } from './dom.js';
import { bytes, milliseconds, number, rate, since } from './format.js';
import { spark } from './graph.js';
import { state } from './icons.js';
import { recent } from './past.js';
import { edgeState, isTrouble } from './states.js';
import { pager, table } from './table.js';

const SIZE = 50;
const LOOK_BACK = { points: 60, every: 10000 };

// What a column is sorted by has the column's key in the API, too.
const COLUMNS = [
    { key: 'edge', label: 'Edge', sort: true, brief: true },
    { key: 'state', label: 'State', sort: true, brief: true },
    { key: 'since', label: 'Since', number: true, sort: true },
    { key: 'over', label: 'Over', short: true, sort: true },
    { key: 'rtt', label: 'Round trip', number: true, sort: true },
    { key: 'open', label: 'Open', number: true, sort: true },
    { key: 'in', label: 'From clients', number: true, sort: true, brief: true },
    { key: 'out', label: 'To clients', number: true, sort: true, brief: true },
    { key: 'spark', label: 'Last 10 min' },
    { key: 'ports', label: 'Ports' },
];

const viewOf = context => (context.state.edges ??= { by: 'state', down: false, page: 0, filter: '' });

/** Which edges the table shows, as the question to the hub. */
export function wantedEdges(context) {
    const { by, down, page, filter } = viewOf(context);
    return { limit: SIZE, offset: page * SIZE, sort: by, descending: down, search: filter };
}

export function edgeTable({ edges, found, allowedEdges }, context) {
    const view = viewOf(context);
    view.page = Math.min(view.page, Math.max(0, Math.ceil(found / SIZE) - 1));
    const past = recent(
        context,
        'edges',
        edges.filter(edge => edge.connected).map(edge => edge.edgeId).sort(),
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
            allowedEdges > 5 ? search(view, context) : el('span', { class: 'quiet' }, ''),
        ),
        edges.length === 0
            ? el('p', { class: 'quiet' }, found > 0 ? '…' : 'No edge has that in its name.')
            : table(
                  'Edges',
                  COLUMNS,
                  edges.map(edge => ({ key: edge.edgeId, cells: cells(edge, series), calm: !isTrouble(edgeState(edge)[0]) })),
                  {
                      ...view,
                      choose: by => {
                          // Of numbers the highest are looked for.
                          const first = COLUMNS.find(column => column.key === by).number ?? false;
                          Object.assign(view, { by, down: view.by === by ? !view.down : first, page: 0 });
                          context.refresh();
                      },
                  },
              ),
        pager(found, view.page, SIZE, page => {
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
            maxlength: 64,
            oninput: event => {
                Object.assign(view, { filter: event.target.value.toLowerCase(), page: 0 });
                context.refresh();
            },
        }),
    );
}

function cells(edge, series) {
    const { connected } = edge;
    return {
        edge: [
            el('a', { class: 'name', href: `#/edges/${encodeURIComponent(edge.edgeId)}` }, edge.edgeId),
            el('span', { class: 'sub' }, edge.remote ? addressOf(edge.remote) : ''),
        ],
        state: state(...edgeState(edge)),
        since: since(edge.since),
        over: connected ? `${edge.transport}${edge.lanes ? ` × ${edge.lanes}` : ''}` : null,
        rtt: connected ? milliseconds(edge.rtt) : null,
        open: connected ? number(edge.open) : null,
        in: connected ? flow(edge.rateIn, edge.bytesIn) : null,
        out: connected ? flow(edge.rateOut, edge.bytesOut) : null,
        spark: connected ? el('span', { class: 'in' }, spark(series.get(edge.edgeId))) : null,
        ports: [
            el('span', {}, shorten(edge.ports) || 'none'),
            edge.failedPorts ? el('span', { class: 'sub' }, state('bad', `not bound: ${shorten(edge.failedPorts)}`)) : null,
        ],
    };
}

const flow = (now, all) => [el('span', {}, rate(now)), el('span', { class: 'sub' }, `${bytes(all)} in all`)];

const shorten = text => (text.length > 42 ? `${text.slice(0, 40)}…` : text);
