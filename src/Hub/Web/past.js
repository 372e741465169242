// What passed before: asked of the hub as often as there is something new.

import { el } from './dom.js';
import { hub, history } from './live.js';

const RANGES = { 1: { label: '5 minutes', points: 300, every: 1000 }, 10: { label: '1 hour', points: 360, every: 10000 } };

export const rangeOf = resolution => RANGES[resolution];

/** The buttons that choose how far back a graph goes. */
export function ranges(context, resolution) {
    return el(
        'div',
        { class: 'segments', role: 'group', 'aria-label': 'Range' },
        Object.entries(RANGES)
            .reverse()
            .map(([value, { label }]) =>
                el(
                    'button',
                    {
                        type: 'button',
                        'aria-pressed': String(Number(value) === resolution),
                        onclick: () => {
                            context.state.resolution = Number(value);
                            context.refresh();
                        },
                    },
                    label,
                ),
            ),
    );
}

/** The last answer of the history for a purpose; a newer one is asked for when it is old. */
export function recent(context, purpose, edges, resolution, { points, every }) {
    const question = `${resolution} ${edges.join(',')}`;
    return renewed(context, `history ${purpose}`, question, every, () => history(edges, resolution, points));
}

/** The last answer to a question that is asked again every so often; null before the first. */
export function renewed(context, purpose, question, every, ask) {
    const kept = (context.state[purpose] ??= { at: -Infinity, answer: null });
    if (kept.question !== question) Object.assign(kept, { question, at: -Infinity, answer: null });
    if (!kept.asking && !hub.lost && performance.now() - kept.at > every - 100) {
        Object.assign(kept, { asking: true, at: performance.now() });
        ask()
            .then(
                answer => {
                    if (kept.question === question) Object.assign(kept, { answer, error: null });
                },
                error => {
                    kept.error = error;
                },
            )
            .finally(() => {
                kept.asking = false;
                if (!context.leave.signal.aborted) context.refresh();
            });
    }
    return kept.answer;
}
