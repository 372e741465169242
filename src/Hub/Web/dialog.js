// Questions in front of the page, and short notices. The browser keeps the focus inside, and Escape closes.

import { el } from './dom.js';
import { errorsOf, showErrors } from './fields.js';

const dialog = document.getElementById('dialog');
const notices = document.getElementById('notice');
let hiding = 0;

/** Shows a dialog with a title and content. */
export function showDialog(title, ...content) {
    dialog.replaceChildren(el('h2', { id: 'dialog-title' }, title), el('div', { class: 'body' }, content));
    if (!dialog.open) dialog.showModal();
}

export const closeDialog = () => dialog.close();

dialog.addEventListener('close', () => dialog.replaceChildren());

/** Says something for a few seconds. */
export function notify(text) {
    notices.replaceChildren(text);
    clearTimeout(hiding);
    hiding = setTimeout(() => notices.replaceChildren(), 6000);
}

/** A form in a dialog: what it needs, and a button that does it. `run` throws what the API refuses, which is shown at its field. */
export function askInDialog(title, content, label, run, kind = 'primary') {
    const button = el('button', { class: kind }, label);
    const cancel = el('button', { type: 'button', onclick: closeDialog }, 'Cancel');
    const form = el(
        'form',
        {
            onsubmit: async event => {
                event.preventDefault();
                button.disabled = true;
                try {
                    await run(form);
                } catch (error) {
                    showErrors(form, errorsOf(error));
                } finally {
                    button.disabled = false;
                }
            },
        },
        content,
        el('div', { class: 'actions' }, button, cancel),
    );
    // Enter twice must not end anything.
    cancel.autofocus = kind === 'danger' && !form.querySelector('input, select');
    showDialog(title, form);
}
