// What a change would do, before it is done.

import { el } from './dom.js';
import { askInDialog, closeDialog, showDialog } from './dialog.js';
import { words } from './format.js';

const KINDS = {
    added: ['+', 'good', 'is added'],
    removed: ['−', 'bad', 'is removed; its tunnels end'],
    changed: ['~', 'warn', 'changes'],
};
const SHOWN = 100;

/** The difference that the API answers, as a list. */
export function diff(changes) {
    if (changes.length === 0) return el('p', { class: 'quiet' }, 'Nothing would change.');
    return el(
        'ul',
        { class: 'diff' },
        changes.slice(0, SHOWN).map(change => {
            const [sign, kind, what] = KINDS[change.kind] ?? ['~', 'warn', 'changes'];
            return el(
                'li',
                {},
                el('strong', {}, el('span', { class: `sign ${kind}`, 'aria-hidden': 'true' }, sign), `${change.id} `),
                what,
                ports('opens', change.portsAdded),
                ports('closes', change.portsRemoved),
                ports('other settings for', change.portsChanged),
                change.members?.length > 0 ? el('div', {}, `changes ${change.members.map(words).join(', ')}`) : null,
            );
        }),
        changes.length > SHOWN ? el('li', {}, `and ${changes.length - SHOWN} more edges`) : null,
    );
}

function ports(what, list) {
    if (!list?.length) return null;
    const more = list.length > 20 ? ` and ${list.length - 20} more` : '';
    return el('div', {}, `${what} `, el('code', {}, list.slice(0, 20).join(', ')), more);
}

export const warnings = list =>
    list?.length > 0
        ? el(
              'div',
              { class: 'warnings' },
              list.map(warning => el('p', {}, el('code', {}, warning.path), `: ${warning.message}`)),
          )
        : null;

/** Shows what a change would do, and does it when it is wanted. Both functions answer what the API answers to a change. */
export function review(title, answer, apply, danger = false) {
    if (answer.changes.length === 0) {
        showDialog(title, diff([]), el('div', { class: 'actions' }, el('button', { type: 'button', onclick: closeDialog }, 'Close')));
        return;
    }
    askInDialog(
        title,
        [diff(answer.changes), warnings(answer.warnings)],
        'Do this',
        async () => {
            await apply();
            closeDialog();
        },
        danger ? 'danger' : 'primary',
    );
}
