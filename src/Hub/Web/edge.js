// One edge: how it is, what passes, its ports, and what can be done with it.

import { edgePath, get, mayChange } from './api.js';
import { el } from './dom.js';
import { edgeActions } from './edge-actions.js';
import { ago, bytes, date, milliseconds, number, plural, rate, since } from './format.js';
import { graph, legend } from './graph.js';
import { state } from './icons.js';
import { hub, isAnswer } from './live.js';
import { rangeOf, ranges, recent, renewed } from './past.js';
import { policyOf, targetOf } from './policies.js';
import { edgeState, portState, SEVERITY, targetState } from './states.js';
import { pager, table } from './table.js';
import { troubleList } from './troubles.js';

const SIZE = 50;
// The answers have a line for each port: of an edge with thousands of them they are asked for less often.
const MANY = 500;

const wants = context => ({ edge: context.parameters.id });

export const edge = {
    isLive: true,
    title: context => context.parameters.id,
    wants,
    render(context) {
        const { id } = context.parameters;
        const line = hub.overview?.edges.find(candidate => candidate.edgeId === id);
        const status = renewed(context, 'status', id, everyFor(context, 1000), () => get(`/api/v1/status?edge=${encodeURIComponent(id)}`));
        const allowed = status?.edges[0];
        const back = el('a', { href: '#/' }, '← All edges');
        if (!line || !allowed) {
            const isGone = isAnswer(wants(context)) && !line;
            const meanwhile = context.state.status?.error?.message ?? 'Asking the hub …';
            // The heading has the focus, and is at the same place later.
            const head = el('div', { class: 'head' }, el('h1', {}, id));
            return [back, head, el('p', { class: 'quiet' }, isGone ? 'There is no edge with this id.' : meanwhile)];
        }
        const live = status.connectedEdges[0];
        return [
            back,
            el('div', { class: 'head' }, el('h1', {}, id), state(...edgeState(line)), mayChange() ? edgeActions(allowed, live) : null),
            trouble(context),
            facts(allowed, live),
            live ? throughput(context, line) : null,
            ports(context, id),
        ].filter(Boolean);
    },
};

const everyFor = (context, few) => ((context.state.ports?.answer?.ports.length ?? 0) > MANY ? 10000 : few);

function trouble(context) {
    // Before the hub has answered for this edge, what is there is of all edges.
    const troubles = isAnswer(wants(context)) ? hub.overview.troubles : [];
    return troubles.length > 0
        ? el('section', { class: 'panel', 'data-key': 'troubles' }, el('h2', {}, 'To look at'), troubleList(troubles.slice(0, 20), false))
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

function throughput(context, { edgeId: id, rateIn, rateOut }) {
    const resolution = context.state.resolution ?? 1;
    const past = recent(context, 'edge', [id], resolution, rangeOf(resolution));
    const series = past?.edges[0];
    return el(
        'section',
        { class: 'panel', 'data-key': 'throughput' },
        el('div', { class: 'panel-head' }, el('h2', {}, 'Throughput'), legend(rateIn, rateOut), ranges(context, resolution)),
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
    const stats = renewed(context, 'ports', id, everyFor(context, 2000), () =>
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
    const rates = ratesOf(context, stats);
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
                  all.slice(page * SIZE, (page + 1) * SIZE).map(port => row(port, id, definition, rates.get(nameOf(port)))),
              ),
        pager(all.length, page, SIZE, next => {
            context.state.page = next;
            context.refresh();
        }),
    );
}

const nameOf = port => `${port.proto}/${port.port}`;

// What passes at each port: what it counted between the last two answers.
function ratesOf(context, stats) {
    const kept = (context.state.portRates ??= { stats: null, at: 0, rates: new Map() });
    if (kept.stats === stats) return kept.rates;
    const now = performance.now();
    const before = new Map((kept.stats?.ports ?? []).map(port => [nameOf(port), port]));
    const perSecond = (count, old) => (Math.max(0, count - old) / (now - kept.at)) * 1000;
    const rates = new Map(
        stats.ports
            .filter(port => before.has(nameOf(port)))
            .map(port => {
                const old = before.get(nameOf(port));
                return [nameOf(port), { in: perSecond(port.bytesIn, old.bytesIn), out: perSecond(port.bytesOut, old.bytesOut) }];
            }),
    );
    Object.assign(kept, { stats, at: now, rates });
    return rates;
}

function row(port, id, definition, rates) {
    const name = nameOf(port);
    return {
        key: name,
        cells: {
            port: [el('strong', {}, name), port.name ? el('span', { class: 'sub' }, port.name) : null],
            state: state(...portState(port)),
            target:
                port.targets?.length > 0
                    ? port.targets.map(targetLine)
                    : definition
                      ? targetOf(policyOf(definition, port.proto, port.port), port, hub.overview)
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
