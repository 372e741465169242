// Lists as tables, with the roles said aloud: on narrow screens they are laid out as cards, and stay tables for screen readers.

import { mayChange } from './api.js';
import { el } from './dom.js';

/**
 * Makes a table. Columns are `{ key, label, number, sort, changes, brief }`, of which those that
 * change something are for keys that may; rows `{ key, cells, calm }` with a node, a text or null for each column's key.
 * On narrow screens a calm row, which nobody has to look at, shows its brief columns alone.
 */
export function table(caption, all, rows, sorting) {
    const columns = all.filter(column => mayChange() || !column.changes);
    return el(
        'div',
        { class: 'cards' },
        el(
            'table',
            { role: 'table' },
            el('caption', { class: 'hidden' }, caption),
            el(
                'thead',
                { role: 'rowgroup' },
                el(
                    'tr',
                    { role: 'row' },
                    columns.map(column => heading(column, sorting)),
                ),
            ),
            el(
                'tbody',
                { role: 'rowgroup' },
                rows.map(row =>
                    el(
                        'tr',
                        { role: 'row', 'data-key': row.key, class: row.calm ? 'calm' : null },
                        columns.map(column => cell(column, row.cells[column.key])),
                    ),
                ),
            ),
        ),
    );
}

function heading(column, sorting) {
    const sorted = sorting && sorting.by === column.key;
    return el(
        'th',
        {
            role: 'columnheader',
            scope: 'col',
            class: column.number ? 'number' : null,
            'aria-sort': sorted ? (sorting.down ? 'descending' : 'ascending') : null,
        },
        sorting && column.sort
            ? el(
                  'button',
                  { type: 'button', onclick: () => sorting.choose(column.key) },
                  column.label,
                  sorted ? (sorting.down ? ' ↓' : ' ↑') : '',
              )
            : column.label,
    );
}

function cell(column, content) {
    const empty = content === null || content === undefined || content === '';
    const kind = [column.number && 'number', column.short && 'short', column.brief && 'brief', empty && 'empty'].filter(Boolean).join(' ');
    return el('td', { role: 'cell', class: kind || null, 'data-label': column.label }, empty ? null : el('span', {}, content));
}

/** Which part of a long list is shown, and the buttons to go on. */
export function pager(count, page, size, go) {
    if (count <= size) return null;
    const last = Math.ceil(count / size) - 1;
    return el(
        'nav',
        { class: 'pager', 'aria-label': 'Pages' },
        el('button', { type: 'button', class: 'small', disabled: page === 0, onclick: () => go(page - 1) }, 'Back'),
        el('span', {}, `${page * size + 1}–${Math.min(count, (page + 1) * size)} of ${count.toLocaleString('en')}`),
        el('button', { type: 'button', class: 'small', disabled: page >= last, onclick: () => go(page + 1) }, 'Next'),
    );
}
