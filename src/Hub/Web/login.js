// Logging in: with the hub's key, or by a link that tunnel-hub page has printed. Over the hub's Unix socket neither is needed.

import { forgetKey, get, learnAccess, post, Refusal, useKey } from './api.js';
import { el } from './dom.js';
import { field, showErrors } from './fields.js';

const IDLE_LIMIT = 15 * 60 * 1000;

/** Shows the login unless none is needed; resolves once the page may ask the hub. */
export async function enter(main, reason) {
    const { keyNeeded } = await answered(main);
    if (!keyNeeded) return;
    const link = /^#login=([\w-]+)$/.exec(location.hash);
    // The link works once, and is not kept in the browser's history.
    if (link) history.replaceState(null, '', '#/');
    if (link) {
        try {
            useKey((await post('/api/v1/login', { code: link[1] })).key);
            await learnAccess();
            return;
        } catch (error) {
            forgetKey();
            reason = error.message;
        }
    }
    await ask(main, reason);
}

async function answered(main) {
    for (;;) {
        try {
            return await get('/api/v1/login');
        } catch (error) {
            main.replaceChildren(
                el(
                    'section',
                    { class: 'panel login' },
                    el('h1', {}, 'Tunnel hub'),
                    el('p', { role: 'status' }, `${error.message} Trying again every second …`),
                ),
            );
            await new Promise(resolve => setTimeout(resolve, 1000));
        }
    }
}

function ask(main, reason) {
    return new Promise(resolve => {
        const input = el('input', { id: 'key', type: 'password', autocomplete: 'off', spellcheck: 'false', required: true });
        const form = el(
            'form',
            {
                onsubmit: async event => {
                    event.preventDefault();
                    useKey(input.value.trim());
                    try {
                        await learnAccess();
                        input.value = '';
                        resolve();
                    } catch (error) {
                        forgetKey();
                        showErrors(
                            form,
                            error instanceof Refusal && error.status === 401
                                ? [{ path: '$.key', message: 'This is not the key. tunnel-hub admin-key prints it, on the hub.' }]
                                : [{ path: '$', message: error.message }],
                        );
                    }
                },
            },
            field(
                {
                    id: 'key',
                    path: '$.key',
                    label: 'Key of the hub',
                    hint:
                        'tunnel-hub admin-key prints it, on the hub. It stays in this page’s memory and is forgotten ' +
                        'after 15 minutes without a touch.',
                },
                input,
            ),
            el('div', { class: 'actions' }, el('button', { class: 'primary' }, 'Log in')),
        );
        main.replaceChildren(
            el(
                'section',
                { class: 'panel login' },
                el('h1', {}, 'Log in to the hub'),
                reason ? el('p', { role: 'status', class: 'warnings' }, reason) : null,
                form,
                el(
                    'p',
                    { class: 'quiet' },
                    'Without pasting a key: ',
                    el('code', {}, 'tunnel-hub page'),
                    ' on the hub prints a link that works once, for a minute.',
                ),
            ),
        );
        input.focus();
    });
}

/** Calls back when a guarded page has not been touched for a while. */
export function idleGuard(isGuarded, onIdle) {
    let touched = Date.now();
    for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) {
        window.addEventListener(
            kind,
            () => {
                touched = Date.now();
            },
            { passive: true, capture: true },
        );
    }
    setInterval(() => {
        if (isGuarded() && Date.now() - touched > IDLE_LIMIT) onIdle();
    }, 5000);
}
