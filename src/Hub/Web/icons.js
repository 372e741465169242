// States have a shape and a word beside their colour.

import { el, svg } from './dom.js';

const SHAPES = {
    good: () => [svg('circle', { cx: 8, cy: 8, r: 7, fill: 'currentColor' }), mark('M4.6 8.3 7 10.6 11.4 5.8')],
    warn: () => [svg('path', { d: 'M8 1 15.4 14.5H.6z', fill: 'currentColor' }), mark('M8 6v4M8 12v.4')],
    bad: () => [svg('path', { d: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z', fill: 'currentColor' }), mark('M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2')],
    off: () => [svg('circle', { cx: 8, cy: 8, r: 6, fill: 'none', stroke: 'currentColor', 'stroke-width': 2 })],
};

function mark(d) {
    return svg('path', {
        d,
        fill: 'none',
        stroke: 'var(--surface)',
        'stroke-width': 1.9,
        'stroke-linecap': 'round',
        'stroke-linejoin': 'round',
    });
}

export const icon = kind => svg('svg', { class: `icon ${kind}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' }, SHAPES[kind]());

/** A state: its shape, in its colour, and its word. */
export const state = (kind, word) => el('span', { class: `state ${kind}` }, icon(kind), word);
