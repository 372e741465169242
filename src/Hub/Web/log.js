// The log of connections: those that have ended, and clients that were turned away, of ports with logConnections.

import { get } from './api.js';
import { askToBlock } from './block-form.js';
import { addressOf, repeat } from './connections.js';
import { el } from './dom.js';
import { bytes, duration, moment, number, words } from './format.js';
import { errorsOf, select, showErrors } from './fields.js';
import { filterRow, filtersInAddress, textInput } from './filters.js';
import { icon } from './icons.js';
import { patchChildren } from './patch.js';
import { table } from './table.js';

// Ends that are the target's fault; others, such as resetByPeer, are the client's own business.
const FAILED = new RegExp(
    '^(refused|unreachable|nameNotFound|connectTimeout|noResources|descriptorLimit|tcpMemory|upstreamGone|upstreamTls|authorizeFailed|' +
        'noCertificate|noTarget|forwardingLoop|tooMany\\w+)$',
);
const SIZE = 100;
const MOST = 1000;
const COLUMNS = [
    { key: 'time', label: 'When', short: true },
    { key: 'what', label: 'What' },
    { key: 'client', label: 'Client' },
    { key: 'edge', label: 'Edge' },
    { key: 'port', label: 'Port' },
    { key: 'lasted', label: 'Lasted', number: true },
    { key: 'in', label: 'From client', number: true },
    { key: 'out', label: 'To client', number: true },
    { key: 'block', label: 'Block', changes: true },
];
const BACK = [
    ['', 'any time'],
    ['600', 'the last 10 minutes'],
    ['3600', 'the last hour'],
    ['86400', 'the last day'],
];

export const log = {
    title: () => 'Log',
    render(context) {
        const list = el('section', { class: 'panel' });
        const view = { filters: filtersInAddress(), limit: SIZE };
        const row = filterRow(
            [
                { name: 'edge', label: 'Edge', input: textInput('all') },
                { name: 'port', label: 'Port', input: textInput('443, tcp/443') },
                { name: 'address', label: 'Client', input: textInput('192.0.2.0/24') },
                {
                    name: 'action',
                    label: 'Outcome',
                    input: select([
                        ['', 'all'],
                        ['allowed', 'let in'],
                        ['blocked', 'turned away'],
                    ]),
                },
                { name: 'back', label: 'When', input: select(BACK) },
            ],
            view.filters,
            filters => {
                Object.assign(view, { filters, limit: SIZE });
                refresh();
            },
        );
        const refresh = () => load(view, list, row, context);
        repeat(refresh, context.leave.signal);
        return [el('h1', {}, 'Log of connections'), row, list];
    },
};

async function load(view, list, row, context) {
    const { back, ...filters } = view.filters;
    const query = new URLSearchParams({ ...filters, limit: view.limit });
    if (back) query.set('since', new Date(Date.now() - Number(back) * 1000).toISOString());
    try {
        const answer = await get(`/api/v1/connections?${query}`);
        showErrors(row, []);
        if (!context.leave.signal.aborted)
            patchChildren(
                list,
                shown(answer, view, () => load(view, list, row, context)),
            );
    } catch (error) {
        if (error.errors) showErrors(row, errorsOf(error));
    }
}

function shown(answer, view, refresh) {
    if (answer.connections.length === 0) {
        return [
            el('p', {}, 'Nothing matches.'),
            el(
                'p',
                { class: 'quiet' },
                'Only ports with the setting logConnections are logged: switch it on where an edge’s settings are edited. ' +
                    'The last 10,000 are kept in memory.',
            ),
        ];
    }
    const more = answer.next && view.limit < MOST;
    return [
        table('Connections, the newest first', COLUMNS, answer.connections.map(row)),
        answer.unnamed > 0
            ? el('p', { class: 'quiet' }, `${number(answer.unnamed)} clients more were turned away and only counted.`)
            : null,
        el(
            'div',
            { class: 'pager' },
            more
                ? el(
                      'button',
                      {
                          type: 'button',
                          class: 'small',
                          onclick: () => {
                              view.limit = Math.min(MOST, view.limit + 200);
                              refresh();
                          },
                      },
                      'Show older ones',
                  )
                : null,
            el('span', {}, `${number(answer.connections.length)} shown${answer.next ? '; filters find older ones' : ''}`),
        ),
    ].filter(Boolean);
}

function row(record) {
    const blocked = record.action === 'blocked';
    const kind = blocked ? 'warn' : record.reason === 'completed' ? 'good' : FAILED.test(record.reason) ? 'bad' : 'off';
    return {
        key: String(record.id),
        cells: {
            time: moment(record.time),
            what: el(
                'span',
                { class: `state ${kind}` },
                icon(kind),
                `${words(record.reason)}${record.count > 1 ? ` × ${number(record.count)}` : ''}`,
            ),
            client: record.client ?? 'not known',
            edge: record.edgeId,
            port: `${record.proto}/${record.port}`,
            lasted: blocked ? null : record.duration < 10 ? `${record.duration.toFixed(1)} s` : duration(record.duration),
            in: blocked ? null : bytes(record.bytesIn),
            out: blocked ? null : bytes(record.bytesOut),
            block: record.client
                ? el(
                      'button',
                      {
                          type: 'button',
                          class: 'small',
                          'aria-label': `Block ${addressOf(record.client)}`,
                          onclick: () => askToBlock(addressOf(record.client)),
                      },
                      'Block',
                  )
                : null,
        },
    };
}
