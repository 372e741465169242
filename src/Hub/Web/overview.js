// The first view: is all well, how much passes, what is wrong, and all edges.

import { mayChange } from './api.js';
import { el } from './dom.js';
import { edgeTable } from './edge-table.js';
import { bytes, duration, number, plural, rate, words } from './format.js';
import { graph, legend } from './graph.js';
import { icon } from './icons.js';
import { hub } from './live.js';
import { rangeOf, ranges, recent } from './past.js';
import { findProblems, upSince } from './problems.js';
import { copyable } from './token.js';

// About as many as the graph beside them is high.
const SHOWN = 3;

export const overview = {
    isLive: true,
    title: () => 'Overview',
    render(context) {
        const { status } = hub;
        if (!status) return [el('h1', {}, 'Overview'), el('p', { class: 'quiet' }, 'Asking the hub …')];
        if (status.edges.length === 0) return firstSteps(status);
        const problems = findProblems(status);
        const below = trouble(problems, context);
        return [
            verdict(status, problems),
            tiles(status),
            el('div', { class: below ? 'split' : 'whole' }, throughput(context), below),
            edgeTable(status, context),
        ];
    },
};

function verdict(status, problems) {
    const worst = problems[0]?.kind ?? 'good';
    const bad = problems.filter(problem => problem.kind === 'bad').length;
    const title = {
        good: 'All is well',
        warn: `${plural(problems.length, 'thing')} to look at`,
        bad: `${plural(bad, 'fault')}${problems.length > bad ? ` and ${plural(problems.length - bad, 'warning')}` : ''}`,
    }[worst];
    const wanted = status.edges.filter(edge => edge.state !== 'disabled').length;
    return el(
        'section',
        { class: `verdict ${worst}`, 'aria-label': 'State of the hub' },
        icon(worst),
        el(
            'div',
            {},
            el('h1', {}, title),
            el('p', {}, `${status.connectedEdges.length} of ${plural(wanted, 'edge')} connected, hub up for ${upSince(status)}`),
        ),
        mayChange() ? el('a', { class: 'button primary', href: '#/add' }, 'Add an edge') : null,
    );
}

function tiles(status) {
    const streams = status.connectedEdges.reduce((all, edge) => all + edge.activeStreams, 0);
    const sessions = status.connectedEdges.reduce((all, edge) => all + edge.activeSessions, 0);
    const failed = sum(status.streamFailures) + sum(status.sessionFailures);
    return el(
        'section',
        { class: 'tiles', 'aria-label': 'Figures' },
        tile(
            'Throughput',
            el(
                'span',
                { class: 'figure two' },
                flow('from clients', '↓', 'in', hub.total.in),
                flow('to clients', '↑', 'out', hub.total.out),
            ),
            'now',
        ),
        tile('Open now', figure(number(streams), 'TCP'), `${plural(sessions, 'UDP session')}`),
        tile('Failed since the start', figure(number(failed)), leading(status.streamFailures, status.sessionFailures)),
        tile('Waiting to be written', figure(...bytes(status.memoryUsed).split(' ')), `of ${bytes(status.memoryBudget)}`),
    );
}

const sum = counts => Object.values(counts).reduce((all, count) => all + count, 0);

function leading(...tables) {
    const counts = new Map();
    for (const [reason, count] of tables.flatMap(Object.entries)) counts.set(reason, (counts.get(reason) ?? 0) + count);
    const [reason, count] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
    return count > 0 ? `most: ${words(reason)} ${number(count)}` : 'nothing';
}

const tile = (label, figureNode, note) =>
    el('div', { class: 'tile' }, el('span', { class: 'label' }, label), figureNode, el('span', { class: 'note' }, note));
const figure = (value, unit) => el('span', { class: 'figure' }, value, unit ? el('span', { class: 'unit' }, unit) : null);

function flow(label, arrow, kind, value) {
    const [amount, unit] = rate(value).split(' ');
    return el(
        'span',
        { 'aria-label': `${label} ${rate(value)}`, role: 'img' },
        el('span', { class: kind }, `${arrow} `),
        amount,
        el('span', { class: 'unit' }, unit),
    );
}

function trouble(problems, context) {
    if (problems.length === 0) return null;
    const all = context.state.allProblems;
    return el(
        'section',
        { class: 'panel', 'data-key': 'problems' },
        el('h2', {}, 'To look at'),
        el(
            'ul',
            { class: 'problems' },
            problems
                .slice(0, all ? 100 : SHOWN)
                .map(problem =>
                    el(
                        'li',
                        {},
                        icon(problem.kind),
                        el('div', {}, el('p', {}, el('strong', {}, problem.title)), el('p', { class: 'quiet' }, problem.detail)),
                        problem.href ? el('a', { href: problem.href, 'aria-label': `Open ${problem.title}` }, 'Open') : null,
                    ),
                ),
        ),
        problems.length > SHOWN && !all
            ? el(
                  'div',
                  {},
                  el(
                      'button',
                      {
                          type: 'button',
                          class: 'small',
                          onclick: () => {
                              context.state.allProblems = true;
                              context.refresh();
                          },
                      },
                      `Show ${Math.min(100, problems.length) - SHOWN} more`,
                  ),
              )
            : null,
    );
}

function throughput(context) {
    const resolution = context.state.resolution ?? 1;
    const past = recent(context, 'total', [], resolution, rangeOf(resolution));
    return el(
        'section',
        { class: 'panel', 'data-key': 'throughput' },
        el(
            'div',
            { class: 'panel-head' },
            el('h2', {}, 'Throughput of all edges'),
            legend(hub.total.in, hub.total.out),
            ranges(context, resolution),
        ),
        past ? graph(past.total, resolution, past.until, 'Throughput of all edges') : el('p', { class: 'quiet' }, '…'),
    );
}

function firstSteps(status) {
    const command = 'tunnel-hub edge add vps --tcp 80,443 --udp 53';
    const place = status.publicHost ?? `port ${status.tunnelPort} of this machine`;
    return [
        el('h1', {}, 'Add your first edge'),
        el(
            'section',
            { class: 'panel narrow' },
            el(
                'p',
                {},
                'The hub runs, and no edge may connect yet. An edge is the machine with the public address: it binds the ports ' +
                    'that you name here, and carries their clients to this hub.',
            ),
            el(
                'ol',
                { class: 'steps' },
                el(
                    'li',
                    {},
                    mayChange() ? 'Allow an edge: here, or by a command on the hub.' : 'Allow an edge by a command on the hub.',
                    mayChange()
                        ? el('div', { class: 'actions' }, el('a', { class: 'button primary', href: '#/add' }, 'Add an edge'))
                        : null,
                    copyable(command, 'Command'),
                ),
                el('li', {}, 'Install tunnel-edge at that machine, and paste the commands with the token that you get.'),
                el('li', {}, `See it appear here. Edges connect to ${place}: it must be reachable for them.`),
            ),
        ),
        el('p', { class: 'quiet' }, `Hub ${status.version}, up for ${duration((Date.now() - Date.parse(status.since)) / 1000)}.`),
    ];
}
