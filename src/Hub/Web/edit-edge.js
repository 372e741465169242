// An edge's ports and their settings. What would change is shown before it is done; errors stand beside their fields.

import { edgePath, getTagged, send } from './api.js';
import { el } from './dom.js';
import { review } from './diff.js';
import { notify } from './dialog.js';
import { clearErrors, errorsOf, field, showErrors } from './fields.js';
import { portForm, settings } from './port-form.js';
import { readPorts, writePorts } from './ports-text.js';

export const editEdge = {
    title: context => `Edit ${context.parameters.id}`,
    render(context) {
        const { id } = context.parameters;
        const place = el('div', {}, el('p', { class: 'quiet' }, '…'));
        Promise.all([getTagged(edgePath(id)), settings()]).then(
            ([{ value, tag }, schema]) => place.replaceChildren(form(id, value, tag, schema)),
            error => place.replaceChildren(el('p', { class: 'warnings', role: 'alert' }, error.message)),
        );
        return [el('a', { href: `#/edges/${encodeURIComponent(id)}` }, `← ${id}`), el('h1', {}, `Edit ${id}`), place];
    },
};

function form(id, definition, tag, schema) {
    const tcp = el('input', { autocomplete: 'off', spellcheck: 'false', value: writePorts(definition.listenPorts) });
    const udp = el('input', { autocomplete: 'off', spellcheck: 'false', value: writePorts(definition.listenPortsUdp) });
    const stun = el('input', { autocomplete: 'off', inputmode: 'numeric', value: definition.stunIntervalSecs ?? '' });
    const entries = el('div', { class: 'entries' });
    const open = Object.entries(definition.ports ?? {}).map(([key, policy]) => entry(entries, key, policy, schema));
    const button = el('button', { class: 'primary' }, 'Show what would change');
    const made = el(
        'form',
        {
            novalidate: true,
            onsubmit: async event => {
                event.preventDefault();
                clearErrors(made);
                button.disabled = true;
                try {
                    await submit(id, patchOf(definition, tcp.value, udp.value, stun.value.trim(), open), tag);
                } catch (error) {
                    for (const item of open) item.openFor(errorsOf(error));
                    showErrors(made, errorsOf(error));
                } finally {
                    button.disabled = false;
                }
            },
        },
        el(
            'section',
            { class: 'panel' },
            el('h2', {}, 'Ports'),
            el(
                'div',
                { class: 'fields' },
                field({ id: 'tcp', path: '$.listenPorts', label: 'TCP ports', hint: 'Such as 80, 443, 8000-8010.' }, tcp),
                field({ id: 'udp', path: '$.listenPortsUdp', label: 'UDP ports', hint: 'Such as 53.' }, udp),
                field(
                    {
                        id: 'stun',
                        path: '$.stunIntervalSecs',
                        label: 'STUN every … seconds',
                        hint: '10–86,400, 0 for never; empty: 300.',
                    },
                    stun,
                ),
            ),
        ),
        el(
            'section',
            { class: 'panel', 'data-path': '$.ports' },
            el('h2', {}, 'Settings of ports'),
            el('p', { class: 'quiet' }, 'A port without an entry has the settings of default, and then the built-in ones.'),
            el('div', { class: 'error' }),
            entries,
            adder(entries, open, schema),
        ),
        el('div', { class: 'actions' }, button, el('a', { class: 'button', href: `#/edges/${encodeURIComponent(id)}` }, 'Cancel')),
    );
    return made;
}

// Fields are made when an entry is opened: an edge may have thousands of entries.
function entry(entries, key, policy, schema, isNew = false) {
    let fields = null;
    const place = el('div', {});
    const item = { key, removed: false, read: () => (fields ? fields.read() : policy) };
    const node = el(
        'details',
        {
            ontoggle: () => {
                if (!node.open || fields) return;
                fields = portForm(key, policy, schema);
                place.append(
                    fields.node,
                    el(
                        'div',
                        { class: 'actions' },
                        el(
                            'button',
                            {
                                type: 'button',
                                class: 'small danger',
                                onclick: () => {
                                    item.removed = true;
                                    node.remove();
                                },
                            },
                            `Remove the settings of ${key}`,
                        ),
                    ),
                );
            },
        },
        el('summary', {}, key, el('span', { class: 'unit' }, summary(policy))),
        place,
    );
    item.openFor = errors => {
        if (!item.removed && errors.some(error => error.path?.startsWith(`$.ports['${key}']`)) && !fields) {
            node.open = true;
            node.ontoggle();
        }
    };
    entries.append(node);
    if (isNew) node.open = true;
    return item;
}

const summary = policy =>
    Object.entries(policy)
        .slice(0, 4)
        .map(([name, value]) => `${name} ${typeof value === 'object' ? '…' : value}`)
        .join(', ');

function adder(entries, open, schema) {
    const key = el('input', { autocomplete: 'off', spellcheck: 'false', placeholder: 'tcp/443' });
    return el(
        'div',
        { class: 'filters' },
        field({ id: 'new-entry', path: '?entry', label: 'Settings for', hint: 'tcp/443, udp/8000-8010 or default' }, key),
        el(
            'button',
            {
                type: 'button',
                onclick: () => {
                    const name = key.value.trim();
                    if (!name || open.some(item => item.key === name && !item.removed)) return;
                    open.push(entry(entries, name, {}, schema, true));
                    key.value = '';
                },
            },
            'Add settings',
        ),
    );
}

/** A JSON Merge Patch: null takes out what was there and is not any more. */
function patchOf(definition, tcp, udp, stun, open) {
    const old = definition.ports ?? {};
    const kept = open.filter(item => !item.removed);
    const ports = Object.fromEntries(Object.keys(old).map(key => [key, null]));
    for (const item of kept) {
        const gone = Object.fromEntries(Object.keys(old[item.key] ?? {}).map(name => [name, null]));
        ports[item.key] = { ...gone, ...item.read() };
    }
    return {
        listenPorts: readPorts(tcp),
        listenPortsUdp: readPorts(udp),
        ports,
        stunIntervalSecs: stun === '' ? null : /^\d+$/.test(stun) ? Number(stun) : stun,
    };
}

async function submit(id, body, tag) {
    const { json } = await send('PATCH', `${edgePath(id)}?dryRun=true`, { body, ifMatch: tag });
    review(`Change ${id}`, json, async () => {
        await send('PATCH', edgePath(id), { body, ifMatch: tag });
        notify(`${id} is changed.`);
        location.hash = `#/edges/${encodeURIComponent(id)}`;
    });
}
