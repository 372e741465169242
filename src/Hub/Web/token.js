// A token is shown once, with what to do with it.

import { el } from './dom.js';
import { notify } from './dialog.js';

/** A text with a button that copies it. */
export function copyable(text, name) {
    return el(
        'div',
        { class: 'copy' },
        el('pre', { tabindex: '0', 'aria-label': name }, text),
        el(
            'button',
            {
                type: 'button',
                onclick: async event => {
                    const button = event.currentTarget;
                    try {
                        await navigator.clipboard.writeText(text);
                        notify(`${name} copied.`);
                    } catch {
                        // Without TLS a browser has no clipboard: the text is selected, and copied by hand.
                        getSelection().selectAllChildren(button.previousElementSibling);
                        notify('Press Ctrl-C to copy what is selected.');
                    }
                },
            },
            'Copy',
        ),
    );
}

const commands = token => `sudo install -D -m 600 /dev/null /etc/tunnel-edge/token
sudo tee /etc/tunnel-edge/token > /dev/null <<'END'
${token}
END
sudo systemctl enable --now tunnel-edge`;

/** The token of an edge and the commands that bring it there. */
export function tokenSteps(id, token) {
    return [
        el(
            'p',
            {},
            el('strong', {}, 'This is shown once.'),
            ` The token holds the secret of ${id}: who has it can take the edge’s place.`,
        ),
        el('h3', {}, 'Paste this at the edge’s machine, where tunnel-edge is installed'),
        copyable(commands(token), 'Commands'),
        el('h3', {}, 'Or the token alone'),
        copyable(token, 'Token'),
        el('p', { class: 'quiet' }, 'If it does not connect: ', el('code', {}, 'tunnel-edge doctor --token-file /etc/tunnel-edge/token')),
    ];
}
