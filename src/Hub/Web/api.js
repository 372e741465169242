// The hub's API: the same one that programs use. The key is in this module's memory and nowhere else.

let key = null;
let changes = true;
const outcomes = new EventTarget();

/** Fires `locked` when the key is missing or is not taken any more. */
export const access = outcomes;
export const hasKey = () => key !== null;

/** Whether the key may change something; the page offers nothing that would be refused. The hub decides, whatever stands here. */
export const mayChange = () => changes;

export function useKey(value) {
    key = value;
}

/** Asks what the key allows; throws what the hub says of a wrong one. */
export async function learnAccess() {
    changes = (await get('/api/v1/access')).mayChange;
}

export function forgetKey() {
    key = null;
}

/** An answer that refuses a request: the status, and the problem document with all faults. */
export class Refusal extends Error {
    constructor(status, problem) {
        super(problem.detail ?? `The hub answered ${status}.`);
        this.status = status;
        this.errors = problem.errors ?? [];
        this.hint = problem.hint;
    }
}

/** The hub did not answer at all. */
export class Unreachable extends Error {}

export const get = (path, options) => send('GET', path, options).then(answer => answer.json);
export const post = (path, body) => send('POST', path, { body }).then(answer => answer.json);
export const remove = (path, options) => send('DELETE', path, options).then(answer => answer.json);

/** Reads something together with its entity tag, for a change that must not overwrite somebody else's. */
export const getTagged = path => send('GET', path).then(({ json, tag }) => ({ value: json, tag }));

export async function send(method, path, { body, ifMatch, signal, text } = {}) {
    const answer = await open(method, path, { body, ifMatch, signal, text });
    const raw = await answer.text().catch(() => {
        throw new Unreachable('The connection to the hub broke.');
    });
    const json = raw === '' ? null : parse(raw);
    if (!answer.ok) throw refused(answer.status, json);
    return { json, tag: answer.headers.get('ETag') };
}

/** Opens an answer that goes on; the caller reads its body. */
export async function stream(path, signal, lastEventId) {
    const answer = await open('GET', path, { signal, headers: lastEventId ? { 'Last-Event-ID': lastEventId } : {} });
    if (!answer.ok) throw refused(answer.status, parse(await answer.text()));
    return answer.body;
}

async function open(method, path, { body, ifMatch, signal, text, headers = {} }) {
    if (key !== null) headers.Authorization = `Bearer ${key}`;
    if (ifMatch) headers['If-Match'] = ifMatch;
    if (body !== undefined || text !== undefined) headers['Content-Type'] = 'application/json';
    try {
        return await fetch(path, {
            method,
            headers,
            signal,
            body: text ?? (body === undefined ? undefined : JSON.stringify(body)),
            cache: 'no-store',
            credentials: 'omit',
            redirect: 'error',
            referrerPolicy: 'no-referrer',
        });
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new Unreachable('The hub does not answer.');
    }
}

function refused(status, problem) {
    if (status === 401) outcomes.dispatchEvent(new Event('locked'));
    return new Refusal(status, problem ?? {});
}

function parse(raw) {
    try {
        return JSON.parse(raw);
    } catch {
        return { detail: 'The answer is not from the hub.' };
    }
}

export const edgePath = id => `/api/v1/edges/${encodeURIComponent(id)}`;
