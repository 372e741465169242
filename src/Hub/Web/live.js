// What the page knows of the hub: its overview once a second, and the last events.

import { access, get, Refusal } from './api.js';
import { readEvents } from './stream.js';

const INTERVAL = 1000;
const EVENTS = 300;

export const hub = { overview: null, asked: null, events: [], lost: false };

const changes = new EventTarget();
let running = null;
let wanted = '';
let wake = () => {};

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

const queryOf = parameters => String(new URLSearchParams(parameters));

/** Says which edges the overview shall have, as the parameters of the question; another choice is asked for at once. */
export function want(parameters) {
    const query = queryOf(parameters);
    if (query === wanted) return;
    wanted = query;
    wake();
}

/** Whether the overview that is there answers this question, and not that of the view before. */
export const isAnswer = parameters => hub.asked === queryOf(parameters);

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
    Object.assign(hub, { overview: null, asked: null, events: [], lost: false });
}

access.addEventListener('locked', stop);

async function poll(signal) {
    while (!signal.aborted) {
        if (!document.hidden) {
            const asked = wanted;
            try {
                take(await get(`/api/v1/overview?${asked}`, { signal }), asked);
            } catch (error) {
                if (signal.aborted) return;
                hub.lost = !(error instanceof Refusal && error.status === 401);
            }
            tell();
            if (asked !== wanted) continue;
        }
        await pause(signal, end => {
            wake = end;
        });
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
                onEvent: (event, id) => {
                    lastId = id;
                    note(event);
                },
            });
        } catch {
            // The hub is being restarted, or has refused; the poll says so.
        }
        await pause(signal);
    }
}

function note(event) {
    hub.events = [event, ...hub.events].slice(0, EVENTS);
    tell();
}

function take(overview, asked) {
    if (hub.overview && hub.overview.since !== overview.since) hub.events = [];
    Object.assign(hub, { overview, asked, lost: false });
}

/** What passed lately, of all edges or also of some. */
export function history(edges, resolution, points) {
    const query = new URLSearchParams({ resolution, points });
    if (edges.length > 0) query.set('edge', edges.join(','));
    return get(`/api/v1/history?${query}`);
}

// Hands out what ends it early.
function pause(signal, onBegin) {
    return new Promise(resolve => {
        const end = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', end);
            resolve();
        };
        const timer = setTimeout(end, INTERVAL);
        onBegin?.(end);
        signal.addEventListener('abort', end, { once: true });
    });
}
