// What the page knows of the hub: its status once a second, rates, and the last events.

import { access, get, send, Refusal } from './api.js';
import { readEvents } from './stream.js';

const INTERVAL = 1000;
// With many edges a status is large: it is asked for less often, so that at most this many characters come in a second.
const CHARACTERS_PER_SECOND = 256 * 1024;
const LONGEST = 10000;
const EVENTS = 300;

export const hub = { status: null, rates: new Map(), total: { in: 0, out: 0 }, events: [], lost: false, receivedAt: 0 };

const changes = new EventTarget();
let running = null;
let before = null;

/** Calls back whenever something has changed. */
export const onChange = callback => changes.addEventListener('change', callback);
let told = false;

// Once a frame at most, however much has come.
function tell() {
    if (told) return;
    told = true;
    requestAnimationFrame(() => {
        told = false;
        changes.dispatchEvent(new Event('change'));
    });
}

export function start() {
    stop();
    running = new AbortController();
    poll(running.signal);
    follow(running.signal);
}

export function stop() {
    running?.abort();
    running = null;
}

/** Forgets everything, when the page is locked. */
export function clear() {
    stop();
    before = null;
    Object.assign(hub, { status: null, rates: new Map(), total: { in: 0, out: 0 }, events: [], lost: false });
}

access.addEventListener('locked', stop);

async function poll(signal) {
    while (!signal.aborted) {
        let wait = INTERVAL;
        if (!document.hidden) {
            try {
                const { json, size } = await send('GET', '/api/v1/status', { signal });
                take(json);
                wait = Math.min(LONGEST, Math.max(INTERVAL, (size / CHARACTERS_PER_SECOND) * 1000));
            } catch (error) {
                if (signal.aborted) return;
                lose(error);
            }
            tell();
        }
        await pause(wait, signal);
    }
}

async function follow(signal) {
    // The hub keeps its last events: no event has this id, so all of them come first.
    let lastId = '0';
    while (!signal.aborted) {
        try {
            lastId = await readEvents('/api/v1/events', {
                signal,
                lastId,
                onOpen: () => {},
                onEvent: (event, id) => {
                    lastId = id;
                    note(event);
                },
            });
        } catch {
            // The hub is being restarted, or has refused; the poll says so.
        }
        await pause(INTERVAL, signal);
    }
}

function note(event) {
    hub.events = [event, ...hub.events].slice(0, EVENTS);
    tell();
}

function take(status) {
    const now = performance.now();
    const restarted = hub.status && hub.status.since !== status.since;
    if (restarted) hub.events = [];
    const present = new Map();
    for (const edge of status.connectedEdges) present.set(edge.edgeId, edge);
    for (const port of status.ports) present.set(portKey(port), port);
    const rates = new Map();
    if (before && !restarted) {
        const seconds = (now - before.at) / 1000;
        for (const [id, item] of present) {
            const old = before.items.get(id);
            if (old)
                rates.set(id, {
                    in: Math.max(0, item.bytesIn - old.bytesIn) / seconds,
                    out: Math.max(0, item.bytesOut - old.bytesOut) / seconds,
                });
        }
    }
    before = { at: now, items: present };
    const sum = way => status.connectedEdges.reduce((all, edge) => all + (rates.get(edge.edgeId)?.[way] ?? 0), 0);
    Object.assign(hub, { status, rates, total: { in: sum('in'), out: sum('out') }, lost: false, receivedAt: Date.now() });
}

function lose(error) {
    if (error instanceof Refusal && error.status === 401) return;
    hub.lost = true;
    before = null;
}

export const portKey = port => `${port.edgeId} ${port.proto}/${port.port}`;

/** What passed lately, of all edges or also of some. */
export function history(edges, resolution, points) {
    const query = new URLSearchParams({ resolution, points });
    if (edges.length > 0) query.set('edge', edges.join(','));
    return get(`/api/v1/history?${query}`);
}

function pause(time, signal) {
    return new Promise(resolve => {
        const timer = setTimeout(resolve, time);
        signal.addEventListener(
            'abort',
            () => {
                clearTimeout(timer);
                resolve();
            },
            { once: true },
        );
    });
}
