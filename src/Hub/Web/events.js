// What has happened at the hub: its last events, and each new one as it happens.

import { el } from './dom.js';
import { moment, words } from './format.js';
import { state } from './icons.js';
import { hub } from './live.js';
import { table } from './table.js';

const BAD = new Set(['edgeDisconnected', 'tunnelDisconnected', 'targetDown', 'authorizerDown', 'breakerOpened']);
const WARN = new Set(['edgeConflict', 'edgeDialFailed', 'firewallDrifted', 'proxyHeaderDoubted', 'crashRecovered']);
const GOOD = new Set(['edgeConnected', 'tunnelConnected', 'targetUp']);
const SHOWN = 100;
const COLUMNS = [
    { key: 'time', label: 'When', short: true },
    { key: 'what', label: 'What' },
    { key: 'edge', label: 'Edge' },
    { key: 'more', label: 'More' },
];

export const events = {
    isLive: true,
    title: () => 'Events',
    render(context) {
        const kinds = [...new Set(hub.events.map(event => event.type))].sort();
        const matching = hub.events.filter(event => !context.state.type || event.type === context.state.type);
        return [
            el(
                'div',
                { class: 'head' },
                el('h1', {}, 'Events'),
                el(
                    'div',
                    { class: 'actions' },
                    el('label', { for: 'event-type', class: 'hidden' }, 'Kind of event'),
                    el(
                        'select',
                        {
                            id: 'event-type',
                            onchange: event => {
                                context.state.type = event.target.value;
                                context.refresh();
                            },
                        },
                        el('option', { value: '' }, 'All kinds'),
                        kinds.map(kind => el('option', { value: kind }, words(kind))),
                    ),
                ),
            ),
            el(
                'section',
                { class: 'panel' },
                matching.length === 0
                    ? el(
                          'p',
                          { class: 'quiet' },
                          'Nothing has happened yet. Edges that connect, go, or change their ports are told here.',
                      )
                    : table('Events, the newest first', COLUMNS, matching.slice(0, SHOWN).map(row)),
            ),
        ];
    },
};

export const eventKind = type => (BAD.has(type) ? 'bad' : WARN.has(type) ? 'warn' : GOOD.has(type) ? 'good' : 'off');

function row(event) {
    const { type, time, edgeId, ...more } = event;
    return {
        key: `${time} ${type} ${edgeId ?? ''}`,
        cells: {
            time: moment(time),
            what: state(eventKind(type), words(type)),
            edge: edgeId ?? '',
            more: Object.entries(more)
                .map(([name, value]) => `${words(name)} ${said(value)}`)
                .join(', '),
        },
    };
}

function said(value) {
    if (Array.isArray(value)) return value.slice(0, 20).map(said).join(' ') + (value.length > 20 ? ' …' : '') || 'none';
    if (value !== null && typeof value === 'object')
        return value.kind
            ? [value.kind, value.detail && `(${value.detail})`].filter(Boolean).join(' ')
            : `${value.proto}/${value.port}${value.to ? `-${value.to}` : ''} (${value.error})`;
    return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? moment(value) : String(value);
}
