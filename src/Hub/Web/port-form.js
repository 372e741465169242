// The settings of one port as fields. What settings there are, and what they do, is read from the API's own description.

import { get } from './api.js';
import { el } from './dom.js';
import { field, select } from './fields.js';
import { words } from './format.js';

const FIRST = ['name', 'targetHost', 'targetPort', 'proxyProtocol', 'udpProxyProtocol', 'enabled', 'logConnections', 'maxConnections'];

let asked = null;

/** The settings that a port can have, by name. */
export function settings() {
    asked ??= get('/openapi/v1.json').then(document => document.components.schemas.PortPolicyDefinition.properties);
    asked.catch(() => {
        asked = null;
    });
    return asked;
}

/** Fields for the settings of a port; `read` returns what is written there now. */
export function portForm(key, policy, schema) {
    const names = Object.keys(schema).filter(name => isFor(key, schema[name], name in policy));
    const inputs = new Map(names.map(name => [name, input(schema[name], policy[name])]));
    const one = name =>
        field(
            {
                id: `${key} ${name}`.replace(/[^\w-]/g, '-'),
                path: `$.ports['${key}'].${name}`,
                label: words(name),
                hint: schema[name].description,
            },
            inputs.get(name),
        );
    const first = FIRST.filter(name => inputs.has(name));
    const others = names.filter(name => !FIRST.includes(name));
    const node = el(
        'div',
        { class: 'panel-fields' },
        el('div', { class: 'fields' }, first.map(one)),
        el(
            'details',
            { open: others.some(name => policy[name] !== undefined) },
            el('summary', {}, 'More settings'),
            el('div', { class: 'fields' }, others.map(one)),
        ),
    );
    return {
        node,
        read: () =>
            Object.fromEntries(
                names.map(name => [name, written(schema[name], inputs.get(name).value)]).filter(([, value]) => value !== undefined),
            ),
    };
}

function isFor(key, schema, isWritten) {
    if (isWritten || key === 'default') return true;
    const other = key.startsWith('tcp/') ? 'UDP ports: ' : 'TCP ports: ';
    return !schema.description?.startsWith(other);
}

const typeOf = schema => [schema.type].flat().find(type => type !== 'null' && type !== undefined) ?? 'object';

function input(schema, value) {
    const type = typeOf(schema);
    const text = value === undefined ? '' : String(value);
    if (schema.enum) return select([['', 'default'], ...schema.enum.map(word => [String(word)])], text);
    if (type === 'boolean') return select([['', 'default'], ['true'], ['false']], text);
    if (type === 'array' && typeOf(schema.items ?? {}) === 'string')
        return el('textarea', { rows: 2, spellcheck: 'false', placeholder: 'one a line', value: (value ?? []).join('\n') });
    if (type === 'array' || type === 'object')
        return el('textarea', {
            rows: 3,
            spellcheck: 'false',
            placeholder: 'JSON',
            value: value === undefined ? '' : JSON.stringify(value, null, 1),
        });
    return el('input', { autocomplete: 'off', spellcheck: 'false', inputmode: type === 'integer' ? 'numeric' : null, value: text });
}

// What is not of the right form goes to the hub as it was typed: its answer says what would be right.
function written(schema, text) {
    const trimmed = text.trim();
    if (trimmed === '') return undefined;
    const type = typeOf(schema);
    if (type === 'boolean') return trimmed === 'true';
    if (type === 'integer') return /^-?\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
    if (type === 'array' && typeOf(schema.items ?? {}) === 'string') return trimmed.split(/[\s,]+/).filter(Boolean);
    if (type === 'string') return text;
    try {
        return JSON.parse(trimmed);
    } catch {
        return trimmed;
    }
}
