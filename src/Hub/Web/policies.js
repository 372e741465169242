// Which settings a port has, as the operator wrote them.

/** The settings of a port: its own entry, or that of a range that holds it, over those of `default`. */
export function policyOf(definition, proto, port) {
    const entries = definition.ports ?? {};
    const own = Object.entries(entries).find(([key]) => holds(key, proto, port));
    return { ...entries.default, ...own?.[1] };
}

function holds(key, proto, port) {
    const match = /^(tcp|udp)\/(\d+)(?:-(\d+))?$/.exec(key);
    return match !== null && match[1] === proto && port >= Number(match[2]) && port <= Number(match[3] ?? match[2]);
}

/** Where a port's connections go. */
export function targetOf(policy, port, status) {
    if (Array.isArray(policy.targets)) return policy.targets.map(target => `${target.host}:${target.port ?? port.port}`).join(', ');
    return `${policy.targetHost ?? status.targetHost}:${policy.targetPort ?? port.port}`;
}
