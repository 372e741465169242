// One edge: how it is, what passes, its ports, and what can be done with it.

import { edgePath, get, mayChange } from './api.js';
import { el } from './dom.js';
import { edgeActions } from './edge-actions.js';
import { ago, bytes, date, milliseconds, number, plural, rate, since } from './format.js';
import { graph, legend } from './graph.js';
import { icon, state } from './icons.js';
import { hub, portKey } from './live.js';
import { rangeOf, ranges, recent, renewed } from './past.js';
import { policyOf, targetOf } from './policies.js';
import { findProblems } from './problems.js';
import { edgeState, portState, SEVERITY, targetState } from './states.js';
import { pager, table } from './table.js';

const SIZE = 50;
// The answer has a line for each port: an edge with thousands of them is asked less often.
const MANY = 500;

export const edge = {
    isLive: true,
    title: context => context.parameters.id,
    render(context) {
        const { id } = context.parameters;
        const back = el('a', { href: '#/' }, '← All edges');
        const allowed = hub.status?.edges.find(candidate => candidate.edgeId === id);
        if (!allowed) {
            return [
                back,
                el('h1', {}, id),
                el('p', { class: 'quiet' }, hub.status ? 'There is no edge with this id.' : 'Asking the hub …'),
            ];
        }
        const live = hub.status.connectedEdges.find(candidate => candidate.edgeId === id);
        return [
            back,
            el('div', { class: 'head' }, el('h1', {}, id), state(...edgeState(allowed)), mayChange() ? edgeActions(allowed, live) : null),
            trouble(id),
            facts(allowed, live),
            live ? throughput(context, id) : null,
            ports(context, id),
        ].filter(Boolean);
    },
};

function trouble(id) {
    const problems = findProblems(hub.status).filter(problem => problem.href === `#/edges/${encodeURIComponent(id)}`);
    return problems.length > 0
        ? el(
              'section',
              { class: 'panel', 'data-key': 'problems' },
              el('h2', {}, 'To look at'),
              el(
                  'ul',
                  { class: 'problems' },
                  problems
                      .slice(0, 20)
                      .map(problem =>
                          el(
                              'li',
                              {},
                              icon(problem.kind),
                              el('div', {}, el('p', {}, el('strong', {}, problem.title)), el('p', { class: 'quiet' }, problem.detail)),
                          ),
                      ),
              ),
          )
        : null;
}

function facts(allowed, live) {
    const items = live
        ? [
              ['Connected', `for ${since(live.since)}`],
              ['From', live.remote],
              ['Public address', [live.publicIp, live.publicIpv6].filter(Boolean).join(', ') || 'not known'],
              ['Over', `${live.transport}, ${live.lanes} ${live.lanes === 1 ? 'connection' : 'connections'}`],
              ['Round trip', milliseconds(live.rtt)],
              ['Open now', `${number(live.activeStreams)} TCP, ${number(live.activeSessions)} UDP`],
              ['Carried', `${bytes(live.bytesIn)} in, ${bytes(live.bytesOut)} out`],
              ['Machine', [live.host, live.version && `v${live.version}`].filter(Boolean).join(', ') || 'not told'],
              ['Firewall', live.firewall ? `${live.firewall.state} (${live.firewall.mode})` : 'none'],
          ]
        : [
              ['Last seen', allowed.lastSeen ? `${ago(allowed.lastSeen)}, ${date(allowed.lastSeen)}` : 'never'],
              ['From', allowed.remote ?? 'not known'],
              ['Why', allowed.detail ?? allowed.state],
          ];
    items.push([
        'Secrets',
        `${allowed.secrets}${allowed.secretsEnd?.length > 0 ? `, older ones end ${date(allowed.secretsEnd.at(-1))}` : ''}`,
    ]);
    return el(
        'section',
        { class: 'panel', 'aria-label': 'Facts', 'data-key': 'facts' },
        el(
            'dl',
            { class: 'facts' },
            items.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
        ),
    );
}

function throughput(context, id) {
    const resolution = context.state.resolution ?? 1;
    const past = recent(context, 'edge', [id], resolution, rangeOf(resolution));
    const rates = hub.rates.get(id) ?? { in: 0, out: 0 };
    const series = past?.edges[0];
    return el(
        'section',
        { class: 'panel', 'data-key': 'throughput' },
        el('div', { class: 'panel-head' }, el('h2', {}, 'Throughput'), legend(rates.in, rates.out), ranges(context, resolution)),
        series
            ? graph(series, resolution, past.until, `Throughput of ${id}`)
            : el('p', { class: 'quiet' }, past ? 'Nothing passed in the last hour.' : '…'),
    );
}

const COLUMNS = [
    { key: 'port', label: 'Port' },
    { key: 'state', label: 'State' },
    { key: 'target', label: 'To' },
    { key: 'open', label: 'Open', number: true },
    { key: 'ever', label: 'Ever', number: true },
    { key: 'in', label: 'From clients', number: true },
    { key: 'out', label: 'To clients', number: true },
    { key: 'blocked', label: 'Turned away' },
    { key: 'errors', label: 'Errors' },
    { key: 'see', label: 'See' },
];

function ports(context, id) {
    const count = context.state.ports?.answer?.ports.length ?? 0;
    const stats = renewed(context, 'ports', id, count > MANY ? 10000 : 2000, () =>
        get(`/api/v1/streams/stats?edge=${encodeURIComponent(id)}`),
    );
    const definition = renewed(context, 'definition', id, 10000, () => get(edgePath(id)));
    if (!stats)
        return el(
            'section',
            { class: 'panel', 'data-key': 'ports' },
            el('h2', {}, 'Ports'),
            el('p', { class: 'quiet' }, context.state.ports?.error?.message ?? '…'),
        );
    const all = [...stats.ports].sort((a, b) => SEVERITY[portState(a)[0]] - SEVERITY[portState(b)[0]]);
    const page = Math.min(context.state.page ?? 0, Math.max(0, Math.ceil(all.length / SIZE) - 1));
    return el(
        'section',
        { class: 'panel', 'data-key': 'ports' },
        el(
            'div',
            { class: 'panel-head' },
            el('h2', {}, 'Ports'),
            mayChange() ? el('a', { href: `#/edges/${encodeURIComponent(id)}/edit` }, 'Edit ports and settings') : null,
        ),
        all.length === 0
            ? el('p', { class: 'quiet' }, 'This edge has no ports, or is disabled.')
            : table(
                  'Ports',
                  COLUMNS,
                  all.slice(page * SIZE, (page + 1) * SIZE).map(port => row(port, id, definition)),
              ),
        pager(all.length, page, SIZE, next => {
            context.state.page = next;
            context.refresh();
        }),
    );
}

function row(port, id, definition) {
    const rates = hub.rates.get(portKey(port));
    const name = `${port.proto}/${port.port}`;
    return {
        key: name,
        cells: {
            port: [el('strong', {}, name), port.name ? el('span', { class: 'sub' }, port.name) : null],
            state: state(...portState(port)),
            target:
                port.targets?.length > 0
                    ? port.targets.map(targetLine)
                    : definition
                      ? targetOf(policyOf(definition, port.proto, port.port), port, hub.status)
                      : '…',
            open: number(port.activeConnections),
            ever: number(port.totalConnections),
            in: [rates ? rate(rates.in) : '–', el('span', { class: 'sub' }, bytes(port.bytesIn))],
            out: [rates ? rate(rates.out) : '–', el('span', { class: 'sub' }, bytes(port.bytesOut))],
            blocked: counts(port.blocked),
            errors: counts(port.errors),
            see: el(
                'a',
                {
                    href: `#/connections?edge=${encodeURIComponent(id)}&port=${encodeURIComponent(name)}`,
                    'aria-label': `Connections of ${name}`,
                },
                'Connections',
            ),
        },
    };
}

function targetLine(target) {
    const notes = [target.backup && 'backup', target.share < 100 && `coming back, ${target.share} %`, target.reason]
        .filter(Boolean)
        .join(', ');
    return el(
        'span',
        { class: 'sub' },
        state(...targetState(target)),
        ` ${target.target}${target.route ? ` for ${target.route}` : ''}, ${plural(target.activeConnections, 'connection')}${notes ? `, ${notes}` : ''}`,
    );
}

function counts(table) {
    const all = Object.entries(table ?? {}).sort((a, b) => b[1] - a[1]);
    return all.length === 0
        ? '0'
        : [
              ...all.slice(0, 3).map(([reason, count]) => el('span', { class: 'sub' }, `${reason} ${number(count)}`)),
              all.length > 3 ? el('span', { class: 'sub' }, '…') : null,
          ];
}
