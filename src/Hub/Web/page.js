// The page: which view is shown, and when it is brought up to date. One address serves all of it; nothing is stored in the browser.

import { access, forgetKey, hasKey, mayChange } from './api.js';
import { el } from './dom.js';
import { number } from './format.js';
import { state } from './icons.js';
import { clear, hub, onChange, start, want } from './live.js';
import { enter, idleGuard } from './login.js';
import { patchChildren } from './patch.js';
import { currentRoute, openRoutes } from './routes.js';

// What the head of the page shows needs no edge.
const NO_EDGES = { limit: 0 };

const main = document.getElementById('main');
const views = document.getElementById('views');
let shown = null;
let open = false;

access.addEventListener('locked', () => lock('The key is not taken any more: log in again.'));
idleGuard(
    () => open && hasKey(),
    () => lock('Locked, since nobody has touched this page for 15 minutes.'),
);
window.addEventListener('hashchange', () => open && show());
document.getElementById('skip').onclick = event => {
    event.preventDefault();
    main.focus();
};
onChange(update);
await login('');

async function login(reason) {
    open = false;
    views.hidden = true;
    document.getElementById('who').replaceChildren();
    shown?.context.leave.abort();
    shown = null;
    document.title = 'Log in – Tunnel hub';
    await enter(main, reason);
    open = true;
    views.hidden = false;
    start();
    show();
}

function lock(reason) {
    if (!open) return;
    forgetKey();
    clear();
    document.getElementById('dialog').close();
    document.getElementById('banner').replaceChildren();
    login(reason);
}

function show() {
    shown?.context.leave.abort();
    const { view, parameters } = currentRoute();
    const context = { parameters, state: {}, leave: new AbortController(), refresh: update };
    shown = { view, context };
    main.replaceChildren(...view.render(context));
    document.title = `${view.title(context)} – Tunnel hub`;
    for (const link of views.querySelectorAll('a')) link.toggleAttribute('aria-current', false);
    update();
    window.scrollTo(0, 0);
    main.querySelector('h1')?.setAttribute('tabindex', '-1');
    main.querySelector('h1')?.focus({ preventScroll: true });
}

function update() {
    if (!open) return;
    // A form is made once: what is typed there is nobody else's to change.
    if (shown) want(shown.view.wants?.(shown.context) ?? NO_EDGES);
    if (shown?.view.isLive) patchChildren(main, shown.view.render(shown.context));
    patchChildren(
        views,
        openRoutes().filter(route => route.label).map(route =>
            el(
                'a',
                {
                    href: `#${route.path}`,
                    'aria-current': shown?.view === route.view ? 'page' : null,
                },
                route.label,
            ),
        ),
    );
    showWho();
    patchChildren(
        document.getElementById('banner'),
        hub.lost
            ? [
                  el(
                      'span',
                      {},
                      hub.overview
                          ? 'The hub does not answer; what is shown is as it was. Trying again every second …'
                          : 'The hub does not answer. Trying again every second …',
                  ),
              ]
            : [],
    );
}

function showWho() {
    const parts = [];
    if (hub.lost) {
        parts.push(state('bad', 'no answer'));
    } else if (hub.overview) {
        const { bad, warn, version } = hub.overview;
        parts.push(
            state(bad > 0 ? 'bad' : warn > 0 ? 'warn' : 'good', bad + warn === 0 ? 'live' : `${number(bad + warn)} to look at`),
            el('span', { class: 'version' }, `v${version}`),
        );
    }
    if (!mayChange()) parts.push(el('span', { class: 'quiet' }, 'read-only'));
    if (hasKey()) parts.push(el('button', { type: 'button', class: 'small', onclick: () => lock('Logged out.') }, 'Log out'));
    patchChildren(document.getElementById('who'), parts);
}
