// Server-sent events over fetch, which unlike EventSource can send the key.

import { stream } from './api.js';

/** Reads events until the hub ends them or the signal fires; returns the id of the last one. */
export async function readEvents(path, { signal, lastId, onEvent }) {
    const body = await stream(path, signal, lastId);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return lastId;
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) {
            const fields = Object.fromEntries(
                block.split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
            );
            if (fields.id) lastId = fields.id;
            if (fields.data) onEvent(JSON.parse(fields.data), lastId);
        }
    }
}
