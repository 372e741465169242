// Lines of what passed: from clients and to clients, on one scale that says its unit.

import { el, svg } from './dom.js';
import { rate, timeOfDay } from './format.js';

const WIDTH = 600;
const HEIGHT = 100;

/** A graph of a series of the history, with scale, times and a legend; screen readers get the figures in words. */
export function graph(series, resolution, until, name) {
    const length = Math.max(2, series.bytesIn.length);
    const top = niceTop(Math.max(1024, ...series.bytesIn, ...series.bytesOut));
    const last = values => values.at(-1) ?? 0;
    const peak = values => values.reduce((most, value) => Math.max(most, value), 0);
    const now = `now ${rate(last(series.bytesIn))} from clients and ${rate(last(series.bytesOut))} to clients`;
    const said = `${name}: ${now}; at most ${rate(peak(series.bytesIn))} and ${rate(peak(series.bytesOut))}.`;
    const end = Date.parse(until);
    return el(
        'div',
        {},
        el(
            'div',
            { class: 'graph-line' },
            svg(
                'svg',
                { class: 'graph', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': said },
                [0, 0.5, 1].map(part =>
                    svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: 1 + part * (HEIGHT - 2), y2: 1 + part * (HEIGHT - 2) }),
                ),
                line(series.bytesOut, top, length, 'out', true),
                line(series.bytesIn, top, length, 'in', true),
            ),
            el(
                'div',
                { class: 'scale', 'aria-hidden': 'true' },
                el('span', {}, rate(top)),
                el('span', {}, rate(top / 2)),
                el('span', {}, '0'),
            ),
        ),
        el(
            'div',
            { class: 'times', 'aria-hidden': 'true' },
            el('span', {}, timeOfDay(end - length * resolution * 1000)),
            el('span', {}, timeOfDay(end - length * resolution * 500)),
            el('span', {}, timeOfDay(end)),
        ),
    );
}

/** A small line without scale, beside figures that say how much it is. */
export function spark(series) {
    const length = Math.max(2, series?.bytesIn.length ?? 0);
    const both = series ? series.bytesIn.map((value, i) => value + series.bytesOut[i]) : [];
    return svg(
        'svg',
        { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        line(both, Math.max(1024, ...both), length, 'in', true),
    );
}

function line(values, top, length, kind, area) {
    if (values.length === 0) return null;
    const x = i => ((length - values.length + i) / (length - 1)) * WIDTH;
    const y = value => HEIGHT - 1 - (value / top) * (HEIGHT - 4);
    const path = values.map((value, i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join('');
    return [
        area
            ? svg('path', {
                  class: `area ${kind}`,
                  d: `${path}L${x(values.length - 1).toFixed(1)} ${HEIGHT}L${x(0).toFixed(1)} ${HEIGHT}Z`,
              })
            : null,
        svg('path', { class: kind, d: path }),
    ];
}

// The next of 1, 2, 5 × 2^10n, so that the scale reads well.
function niceTop(value) {
    let unit = 1;
    while (value / unit >= 1024) unit *= 1024;
    const scaled = value / unit;
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024].find(candidate => candidate >= scaled);
    return step * unit;
}

export const legend = (bytesIn, bytesOut) =>
    el(
        'div',
        { class: 'legend' },
        el('span', {}, el('span', { class: 'in' }, '■ '), 'from clients ', el('b', {}, rate(bytesIn))),
        el('span', {}, el('span', { class: 'out' }, '■ '), 'to clients ', el('b', {}, rate(bytesOut))),
    );
