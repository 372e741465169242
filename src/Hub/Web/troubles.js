// What is wrong, in the hub's words, with what to do about it: the first thing that an operator has to see.

import { el } from './dom.js';
import { icon } from './icons.js';

/** A list of troubles; with links each leads to its edge. */
export const troubleList = (troubles, links) =>
    el(
        'ul',
        { class: 'troubles' },
        troubles.map(({ health, edgeId, title, detail }) =>
            el(
                'li',
                {},
                icon(health),
                el('div', {}, el('p', {}, el('strong', {}, title)), el('p', { class: 'quiet' }, detail)),
                links && edgeId ? el('a', { href: `#/edges/${encodeURIComponent(edgeId)}`, 'aria-label': `Open ${title}` }, 'Open') : null,
            ),
        ),
    );
