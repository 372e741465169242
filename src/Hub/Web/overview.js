// The first view: is all well, how much passes, what is wrong, and all edges.

import { mayChange } from './api.js';
import { el } from './dom.js';
import { edgeTable, wantedEdges } from './edge-table.js';
import { bytes, number, plural, rate, since, words } from './format.js';
import { graph, legend } from './graph.js';
import { icon } from './icons.js';
import { hub } from './live.js';
import { rangeOf, ranges, recent } from './past.js';
import { copyable } from './token.js';
import { troubleList } from './troubles.js';

// About as many as the graph beside them is high.
const SHOWN = 3;

export const overview = {
    isLive: true,
    title: () => 'Overview',
    wants: wantedEdges,
    render(context) {
        const { overview: now } = hub;
        if (!now) return [el('h1', {}, 'Overview'), el('p', { class: 'quiet' }, 'Asking the hub …')];
        if (now.allowedEdges === 0) return firstSteps(now);
        const below = trouble(now, context);
        return [
            verdict(now),
            tiles(now),
            el('div', { class: below ? 'split' : 'whole' }, throughput(now, context), below),
            edgeTable(now, context),
        ];
    },
};

function verdict({ bad, warn, edgesConnected, enabledEdges, since: start }) {
    const connected = `${number(edgesConnected)} of ${plural(enabledEdges, 'edge')} connected`;
    // What was well before says nothing of now.
    if (hub.lost) return banner('bad', 'The hub does not answer', `When it last did: ${connected}`);
    const worst = bad > 0 ? 'bad' : warn > 0 ? 'warn' : 'good';
    const title = {
        good: 'All is well',
        warn: `${plural(warn, 'thing')} to look at`,
        bad: `${plural(bad, 'fault')}${warn > 0 ? ` and ${plural(warn, 'warning')}` : ''}`,
    }[worst];
    return banner(worst, title, `${connected}, hub up for ${since(start)}`);
}

function banner(kind, title, text) {
    return el(
        'section',
        { class: `verdict ${kind}`, 'aria-label': 'State of the hub' },
        icon(kind),
        el('div', {}, el('h1', {}, title), el('p', {}, text)),
        mayChange() ? el('a', { class: 'button primary', href: '#/add' }, 'Add an edge') : null,
    );
}

function tiles({ activeStreams, activeSessions, rateIn, rateOut, failures, memoryUsed, memoryBudget }) {
    const reasons = Object.entries(failures).sort((a, b) => b[1] - a[1]);
    const failed = reasons.reduce((all, [, count]) => all + count, 0);
    return el(
        'section',
        { class: 'tiles', 'aria-label': 'Figures' },
        tile(
            'Throughput',
            el('span', { class: 'figure two' }, flow('from clients', '↓', 'in', rateIn), flow('to clients', '↑', 'out', rateOut)),
            'now',
        ),
        tile('Open now', figure(number(activeStreams), 'TCP'), `${plural(activeSessions, 'UDP session')}`),
        tile(
            'Failed since the start',
            figure(number(failed)),
            failed > 0 ? `most: ${words(reasons[0][0])} ${number(reasons[0][1])}` : 'nothing',
        ),
        tile('Waiting to be written', figure(...bytes(memoryUsed).split(' ')), `of ${bytes(memoryBudget)}`),
    );
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

function trouble({ troubles, bad, warn }, context) {
    if (bad + warn === 0) return null;
    const all = context.state.allTroubles;
    const shown = troubles.slice(0, all ? troubles.length : SHOWN);
    return el(
        'section',
        { class: 'panel', 'data-key': 'troubles' },
        el('h2', {}, 'To look at'),
        troubleList(shown, true),
        troubles.length > shown.length
            ? el(
                  'div',
                  {},
                  el(
                      'button',
                      {
                          type: 'button',
                          class: 'small',
                          onclick: () => {
                              context.state.allTroubles = true;
                              context.refresh();
                          },
                      },
                      `Show ${troubles.length - shown.length} more`,
                  ),
              )
            : null,
        all && bad + warn > shown.length
            ? el('p', { class: 'quiet' }, `and ${number(bad + warn - shown.length)} more: the edges in trouble come first below.`)
            : null,
    );
}

function throughput({ rateIn, rateOut }, context) {
    const resolution = context.state.resolution ?? 1;
    const past = recent(context, 'total', [], resolution, rangeOf(resolution));
    return el(
        'section',
        { class: 'panel', 'data-key': 'throughput' },
        el(
            'div',
            { class: 'panel-head' },
            el('h2', {}, 'Throughput of all edges'),
            legend(rateIn, rateOut),
            ranges(context, resolution),
        ),
        past ? graph(past.total, resolution, past.until, 'Throughput of all edges') : el('p', { class: 'quiet' }, '…'),
    );
}

function firstSteps({ publicHost, tunnelPort, version, since: start }) {
    const command = 'tunnel-hub edge add vps --tcp 80,443 --udp 53';
    const place = publicHost ?? `port ${tunnelPort} of this machine`;
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
        el('p', { class: 'quiet' }, `Hub ${version}, up for ${since(start)}.`),
    ];
}
