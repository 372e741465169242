// What is open now, in parts of a hundred, and newest figures every two seconds.

import { get } from './api.js';
import { el } from './dom.js';
import { askToBlock } from './block-form.js';
import { bytes, since } from './format.js';
import { errorsOf, showErrors } from './fields.js';
import { filterRow, filtersInAddress, textInput } from './filters.js';
import { patchChildren } from './patch.js';
import { table } from './table.js';

const SIZE = 100;
const EVERY = 2000;
const COLUMNS = [
    { key: 'client', label: 'Client' },
    { key: 'edge', label: 'Edge' },
    { key: 'port', label: 'Port' },
    { key: 'target', label: 'To' },
    { key: 'since', label: 'For', number: true },
    { key: 'in', label: 'From client', number: true },
    { key: 'out', label: 'To client', number: true },
    { key: 'block', label: 'Block', changes: true },
];

export const connections = {
    title: () => 'Connections',
    render(context) {
        const list = el('section', { class: 'panel' });
        const view = { filters: filtersInAddress(), cursors: [null], next: null };
        const row = filterRow(
            [
                { name: 'edge', label: 'Edge', input: textInput('all') },
                { name: 'port', label: 'Port', input: textInput('443, tcp/443') },
                { name: 'address', label: 'Client', input: textInput('192.0.2.0/24') },
            ],
            view.filters,
            filters => {
                Object.assign(view, { filters, cursors: [null] });
                refresh();
            },
        );
        const refresh = () => load(view, list, row, context);
        repeat(refresh, context.leave.signal);
        return [el('h1', {}, 'Connections that are open now'), row, list];
    },
};

async function load(view, list, row, context) {
    const query = new URLSearchParams({ ...view.filters, limit: SIZE });
    const cursor = view.cursors.at(-1);
    if (cursor) query.set('cursor', cursor);
    try {
        const answer = await get(`/api/v1/streams?${query}`);
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
    const go = cursors => {
        view.cursors = cursors;
        refresh();
    };
    return [
        answer.streams.length === 0
            ? el('p', { class: 'quiet' }, 'No connection is open that matches.')
            : table('Open connections, the oldest first', COLUMNS, answer.streams.map(row)),
        el(
            'nav',
            { class: 'pager', 'aria-label': 'Pages' },
            el(
                'button',
                { type: 'button', class: 'small', disabled: view.cursors.length === 1, onclick: () => go(view.cursors.slice(0, -1)) },
                'Older',
            ),
            el('span', {}, `Page ${view.cursors.length}`),
            el(
                'button',
                { type: 'button', class: 'small', disabled: !answer.next, onclick: () => go([...view.cursors, answer.next]) },
                'Newer',
            ),
        ),
    ];
}

function row(stream) {
    return {
        key: String(stream.id),
        cells: {
            client: stream.client ?? 'not known',
            edge: el('a', { href: `#/edges/${encodeURIComponent(stream.edgeId)}` }, stream.edgeId),
            port: `${stream.proto}/${stream.port}`,
            target: stream.target,
            since: since(stream.since),
            in: bytes(stream.bytesIn),
            out: bytes(stream.bytesOut),
            block: stream.client
                ? el(
                      'button',
                      {
                          type: 'button',
                          class: 'small',
                          'aria-label': `Block ${addressOf(stream.client)}`,
                          onclick: () => askToBlock(addressOf(stream.client)),
                      },
                      'Block',
                  )
                : null,
        },
    };
}

/** The address of `192.0.2.1:443` or `[2001:db8::1]:443`. */
export const addressOf = client =>
    client.startsWith('[') ? client.slice(1, client.indexOf(']')) : client.split(':').length === 2 ? client.split(':')[0] : client;

/** Does something now and again every two seconds while the view is shown and the page visible. */
export async function repeat(work, signal) {
    while (!signal.aborted) {
        if (!document.hidden) await work();
        await new Promise(resolve => setTimeout(resolve, EVERY));
    }
}
