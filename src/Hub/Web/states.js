// What the states of edges and ports are called, and how bad they are.

import { words } from './format.js';

const EDGES = {
    connected: ['good', 'up'],
    conflict: ['warn', 'conflict'],
    disabled: ['off', 'disabled'],
    neverSeen: ['warn', 'never seen'],
    secretExpired: ['bad', 'secret expired'],
    network: ['bad', 'down: network'],
    stopped: ['bad', 'down: stopped'],
    disconnected: ['bad', 'down: disconnected'],
    protocolError: ['bad', 'down: protocol error'],
    hubRestart: ['bad', 'down: not back yet'],
};

/** The kind and the word of an edge's state; an edge that is up is not well when it lacks ports, or when its worst port is not. */
export function edgeState(edge, worstPort) {
    const [kind, word] = EDGES[edge.state] ?? ['bad', `down: ${edge.state}`];
    if (kind !== 'good') return [kind, word];
    if (edge.tcp.failed || edge.udp.failed) return ['warn', 'up, ports missing'];
    return worstPort ? [worstPort[0], `up, ${worstPort[1]}`] : [kind, word];
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
