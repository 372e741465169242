// Lists of ports as people write them: 80,443,8000-8010.

/** What was typed as the API takes it: numbers, and everything else as it is, for the hub to judge. */
export function readPorts(text) {
    return text
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(part => (/^\d{1,9}$/.test(part) ? Number(part) : part));
}

export const writePorts = ports => (ports ?? []).join(', ');
