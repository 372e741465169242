// The addresses within the page.

import { mayChange } from './api.js';
import { addEdge } from './add-edge.js';
import { apply } from './apply.js';
import { blocks } from './blocks.js';
import { connections } from './connections.js';
import { editEdge } from './edit-edge.js';
import { edge } from './edge.js';
import { events } from './events.js';
import { log } from './log.js';
import { overview } from './overview.js';

const ROUTES = [
    { path: '/', view: overview, label: 'Overview' },
    { path: '/connections', view: connections, label: 'Connections' },
    { path: '/log', view: log, label: 'Log' },
    { path: '/events', view: events, label: 'Events' },
    { path: '/blocks', view: blocks, label: 'Blocks' },
    { path: '/apply', view: apply, label: 'Apply', changes: true },
    { path: '/add', view: addEdge, changes: true },
    { path: '/edges/:id', view: edge },
    { path: '/edges/:id/edit', view: editEdge, changes: true },
];

/** The routes that the key of this page may use. */
export const openRoutes = () => ROUTES.filter(route => mayChange() || !route.changes);

/** The view that the address names, and the parts of it that vary; the overview for whatever is unknown. */
export function currentRoute() {
    const parts = location.hash.replace(/^#/, '').split('?')[0].split('/');
    for (const { path, view } of openRoutes()) {
        const pattern = path.split('/');
        if (pattern.length !== parts.length) continue;
        if (pattern.every((part, i) => part.startsWith(':') || part === parts[i])) {
            return {
                view,
                parameters: Object.fromEntries(
                    pattern.map((part, i) => [part.slice(1), decode(parts[i])]).filter((_, i) => pattern[i].startsWith(':')),
                ),
            };
        }
    }
    return { view: overview, parameters: {} };
}

function decode(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}
