// The filters above a list, kept in the address of the view, so that a link leads to a filtered list.

import { el } from './dom.js';
import { field } from './fields.js';

/** What the address says after its question mark. */
export const filtersInAddress = () => Object.fromEntries(new URLSearchParams(location.hash.split('?')[1] ?? ''));

/** A row of filters; `choose` is called with all their values when one has changed. */
export function filterRow(fields, values, choose) {
    const row = el(
        'form',
        {
            class: 'filters',
            role: 'search',
            onsubmit: event => event.preventDefault(),
            onchange: () => {
                remember(read());
                choose(read());
            },
        },
        fields.map(({ name, label, hint, input }) => {
            input.value = values[name] ?? input.value;
            input.name = name;
            return field({ id: `filter-${name}`, path: `?${name}`, label, hint }, input);
        }),
    );
    const read = () =>
        Object.fromEntries(
            [...row.elements].filter(input => input.name && input.value.trim() !== '').map(input => [input.name, input.value.trim()]),
        );
    return row;
}

function remember(values) {
    const query = new URLSearchParams(values).toString();
    history.replaceState(null, '', location.hash.split('?')[0] + (query ? `?${query}` : ''));
}

export const textInput = (placeholder, list) =>
    el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder, list });
