// What the states of edges and ports are called, and how bad they are.

import { words } from './format.js';

/** The kind and the words of an edge's state, of the hub's words for it. */
export function edgeState({ health, word, connected }) {
    if (connected) return [health, health === 'good' ? word : `up, ${word}`];
    return [health, health === 'bad' ? `down: ${word}` : word];
}

/** The kind and the word of a port's state. */
export function portState(port) {
    if (!port.listening) return ['bad', 'not bound'];
    if (!port.healthy) return ['bad', 'target fails'];
    const down = targetsDown(port).length;
    if (down > 0) return ['warn', `${down} of ${port.targets.length} targets down`];
    return port.doubt ? ['warn', 'doubtful'] : ['good', 'open'];
}

/** The targets of a port that get no clients. */
export const targetsDown = port => (port.targets ?? []).filter(target => target.state !== 'up');

/** The kind and the word of a target's state. */
export const targetState = target =>
    target.state === 'up' ? ['good', 'up'] : [target.state === 'breakerHalfOpen' ? 'warn' : 'bad', words(target.state)];

export const SEVERITY = { bad: 0, warn: 1, good: 2, off: 3 };

/** Whether somebody has to look at what is in that state. */
export const isTrouble = kind => SEVERITY[kind] < SEVERITY.good;
