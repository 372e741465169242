// Blocking an address or a network for a while, at all edges or at one.

import { post } from './api.js';
import { el } from './dom.js';
import { askInDialog, closeDialog, notify } from './dialog.js';
import { field, select } from './fields.js';

const TIMES = [
    ['3600', 'an hour'],
    ['600', '10 minutes'],
    ['86400', 'a day'],
    ['604800', 'a week'],
    ['31536000', 'a year'],
];

/** Asks for how long, and blocks; `done` is called afterwards. */
export function askToBlock(address = '', done = () => {}) {
    const ip = el('input', { autocomplete: 'off', spellcheck: 'false', placeholder: '192.0.2.7 or 2001:db8::/64', value: address });
    const time = select(TIMES);
    const edges = el('input', { autocomplete: 'off', spellcheck: 'false', placeholder: 'all' });
    const reason = el('input', { maxlength: 256 });
    askInDialog(
        'Block an address',
        [
            el('p', { class: 'quiet' }, 'Edges let nothing in from there, and open connections from there are reset.'),
            field({ id: 'ip', path: '$.ip', label: 'Address or network' }, ip),
            field({ id: 'seconds', path: '$.seconds', label: 'For' }, time),
            field({ id: 'edges', path: '$.edges', label: 'At', hint: 'Names of edges, with spaces between; empty: all.' }, edges),
            field({ id: 'reason', path: '$.reason', label: 'Why', hint: 'Shown in the list.' }, reason),
        ],
        'Block',
        async () => {
            const names = edges.value.split(/[\s,]+/).filter(Boolean);
            await post('/api/v1/blocks', {
                ip: ip.value.trim(),
                seconds: Number(time.value),
                edges: names.length > 0 ? names : undefined,
                reason: reason.value.trim() || undefined,
            });
            closeDialog();
            notify(`${ip.value.trim()} is blocked.`);
            done();
        },
        'danger',
    );
}
