// All edges at once, as a file has them: what would change is shown before it is done.

import { getTagged, send } from './api.js';
import { el } from './dom.js';
import { review } from './diff.js';
import { notify } from './dialog.js';
import { clearErrors, errorsOf, field, showErrors } from './fields.js';

const ALL = '/api/v1/edges';

export const apply = {
    title: () => 'Apply',
    render() {
        const text = el('textarea', { rows: 22, spellcheck: 'false', placeholder: '[{ "id": "vps", "listenPorts": [80, 443] }]' });
        const file = el('input', {
            type: 'file',
            accept: '.json,application/json',
            onchange: async () => {
                if (file.files[0]) text.value = await file.files[0].text();
            },
        });
        const button = el('button', { class: 'primary' }, 'Show what would change');
        const form = el(
            'form',
            {
                class: 'panel',
                novalidate: true,
                onsubmit: async event => {
                    event.preventDefault();
                    clearErrors(form);
                    button.disabled = true;
                    try {
                        await submit(text.value);
                    } catch (error) {
                        showErrors(form, errorsOf(error));
                    } finally {
                        button.disabled = false;
                    }
                },
            },
            el(
                'p',
                { class: 'quiet' },
                'The whole set of edges, as tunnel-hub apply takes it. An edge that is not in it is removed; ' +
                    'one without a secret keeps what it has.',
            ),
            el(
                'div',
                { class: 'filters' },
                field({ id: 'file', path: '?file', label: 'From a file' }, file),
                el(
                    'button',
                    {
                        type: 'button',
                        onclick: async () => {
                            try {
                                text.value = JSON.stringify((await getTagged(ALL)).value, null, 2);
                            } catch (error) {
                                notify(error.message);
                            }
                        },
                    },
                    'Take the present set',
                ),
            ),
            field({ id: 'set', path: '?set', label: 'Edges, as JSON' }, text),
            el('div', { class: 'actions' }, button),
        );
        return [el('h1', {}, 'Apply a set of edges'), form];
    },
};

async function submit(text) {
    // The tag of the set that the difference is about: nobody else's change in between is overwritten.
    const { tag } = await getTagged(ALL);
    const { json } = await send('PUT', `${ALL}?dryRun=true`, { text, ifMatch: tag });
    review(
        'Apply this set',
        json,
        async () => {
            await send('PUT', ALL, { text, ifMatch: tag });
            notify('The set is applied.');
        },
        json.changes.some(change => change.kind === 'removed'),
    );
}
