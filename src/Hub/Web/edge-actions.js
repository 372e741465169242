// What can be done with an edge. Whatever ends something is shown before it is done.

import { edgePath, post, remove, send } from './api.js';
import { el } from './dom.js';
import { askInDialog, closeDialog, notify, showDialog } from './dialog.js';
import { review } from './diff.js';
import { field, select } from './fields.js';
import { tokenSteps } from './token.js';

export function edgeActions(allowed, live) {
    const id = allowed.edgeId;
    const disabled = allowed.state === 'disabled';
    return el(
        'div',
        { class: 'actions' },
        el('a', { class: 'button', href: `#/edges/${encodeURIComponent(id)}/edit` }, 'Edit'),
        action(disabled ? 'Enable' : 'Disable', () => enable(id, disabled)),
        action('New secret', () => rotate(id, Boolean(live))),
        live ? action('Disconnect', () => disconnect(id)) : null,
        action('Remove', () => removeEdge(id), 'danger'),
    );
}

const action = (label, run, kind) =>
    el('button', { type: 'button', class: kind, onclick: () => run().catch(error => notify(error.message)) }, label);

async function enable(id, enabled) {
    const change = { enabled };
    const { json } = await send('PATCH', `${edgePath(id)}?dryRun=true`, { body: change });
    review(
        enabled ? `Enable ${id}` : `Disable ${id}: its tunnels and all their connections end`,
        json,
        async () => {
            await send('PATCH', edgePath(id), { body: change });
            notify(enabled ? `${id} may connect.` : `${id} is disabled.`);
        },
        !enabled,
    );
}

async function disconnect(id) {
    askInDialog(
        `Disconnect ${id}`,
        el('p', {}, 'Its tunnels end, and all connections in them. It may connect again at once.'),
        'Disconnect',
        async () => {
            await post(`${edgePath(id)}/disconnect`);
            closeDialog();
        },
        'danger',
    );
}

async function removeEdge(id) {
    askInDialog(
        `Remove ${id}`,
        el('p', {}, `${id} with its ports, settings and secrets is removed, and its tunnels end. This can’t be taken back.`),
        `Remove ${id}`,
        async () => {
            await remove(edgePath(id));
            closeDialog();
            notify(`${id} is removed.`);
            location.hash = '#/';
        },
        'danger',
    );
}

async function rotate(id, connected) {
    const grace = select([
        ['86400', 'for 24 hours'],
        ['3600', 'for an hour'],
        ['604800', 'for 7 days'],
        ['0', 'no longer: its tunnels end now'],
    ]);
    const how = select(
        connected
            ? [
                  ['push', 'over its tunnel: nothing to carry'],
                  ['token', 'as a token that is shown once'],
              ]
            : [['token', 'as a token that is shown once']],
    );
    askInDialog(
        `A new secret for ${id}`,
        [
            field(
                {
                    id: 'how',
                    path: '$.secret',
                    label: 'The edge gets it',
                    hint: 'Over the tunnel it keeps the secret by itself; a token has to be brought to its machine.',
                },
                how,
            ),
            field(
                {
                    id: 'grace',
                    path: '$.graceSeconds',
                    label: 'The present secrets stay valid',
                    hint: 'Until then an edge with an old token still comes in.',
                },
                grace,
            ),
        ],
        'Make a new secret',
        async () => {
            const body = { graceSeconds: Number(grace.value) };
            if (how.value === 'push') {
                await post(`${edgePath(id)}/push-secret`, body);
                closeDialog();
                notify(`${id} has kept its new secret.`);
                return;
            }
            const { token } = await post(`${edgePath(id)}/rotate-secret`, body);
            showDialog(
                `Token of ${id}`,
                tokenSteps(id, token),
                el('div', { class: 'actions' }, el('button', { type: 'button', class: 'primary', onclick: closeDialog }, 'I have it')),
            );
        },
    );
}
