// Addresses that edges let nothing in from, and for how long.

import { get, mayChange, remove } from './api.js';
import { askToBlock } from './block-form.js';
import { el } from './dom.js';
import { notify } from './dialog.js';
import { ago, duration } from './format.js';
import { renewed } from './past.js';
import { pager, table } from './table.js';

const SIZE = 50;
const COLUMNS = [
    { key: 'ip', label: 'Address' },
    { key: 'left', label: 'Still for' },
    { key: 'at', label: 'At' },
    { key: 'since', label: 'Since' },
    { key: 'reason', label: 'Why' },
    { key: 'lift', label: 'Lift', changes: true },
];

export const blocks = {
    isLive: true,
    title: () => 'Blocks',
    render(context) {
        const again = () => {
            context.state.list.at = -Infinity;
            context.refresh();
        };
        const list = renewed(context, 'list', '', 5000, () => get('/api/v1/blocks'));
        const page = context.state.page ?? 0;
        return [
            el(
                'div',
                { class: 'head' },
                el('h1', {}, 'Blocked addresses'),
                mayChange()
                    ? el(
                          'div',
                          { class: 'actions' },
                          el('button', { type: 'button', class: 'primary', onclick: () => askToBlock('', again) }, 'Block an address'),
                      )
                    : null,
            ),
            el(
                'section',
                { class: 'panel' },
                !list
                    ? el('p', { class: 'quiet' }, context.state.list.error?.message ?? '…')
                    : list.length === 0
                      ? el('p', { class: 'quiet' }, 'Nothing is blocked. Lasting blocks are in the firewall of an edge’s definition.')
                      : table(
                            'Blocked addresses',
                            COLUMNS,
                            list.slice(page * SIZE, (page + 1) * SIZE).map(block => row(block, again)),
                        ),
                list
                    ? pager(list.length, page, SIZE, next => {
                          context.state.page = next;
                          context.refresh();
                      })
                    : null,
            ),
        ];
    },
};

function row(block, again) {
    return {
        key: block.ip,
        cells: {
            ip: el('code', {}, block.ip),
            left: duration((Date.parse(block.until) - Date.now()) / 1000),
            at: block.edges?.length > 0 ? block.edges.join(', ') : 'all edges',
            since: ago(block.since),
            reason: block.reason ?? '',
            lift: el(
                'button',
                {
                    type: 'button',
                    class: 'small',
                    'aria-label': `Lift the block of ${block.ip}`,
                    onclick: async () => {
                        try {
                            await remove(`/api/v1/blocks/${encodeURIComponent(block.ip)}`);
                            notify(`${block.ip} is let in again.`);
                        } catch (error) {
                            notify(error.message);
                        }
                        again();
                    },
                },
                'Lift',
            ),
        },
    };
}
