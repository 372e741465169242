// What is wrong, in words, with what to do about it: the first thing that an operator has to see.

import { ago, bytes, date, since, words } from './format.js';
import { edgeState, SEVERITY, targetsDown } from './states.js';

const DAY = 86400 * 1000;

/** Lists what is wrong, the worst first: `{ kind, title, detail, href }`. */
export function findProblems(status, now = Date.now()) {
    const found = [
        ...status.edges.flatMap(edge => ofEdge(edge, now)),
        ...status.connectedEdges.flatMap(ofConnected),
        ...status.ports.flatMap(ofPort),
        ...status.portCertificates.flatMap(certificate => ofCertificate(certificate, now)),
        ...status.authorizers.flatMap(authorizer => ofAuthorizer(authorizer, now)),
        ...ofHub(status, now),
    ];
    return found.sort((a, b) => SEVERITY[a.kind] - SEVERITY[b.kind]);
}

function ofEdge(edge, now) {
    const href = `#/edges/${encodeURIComponent(edge.edgeId)}`;
    const refused =
        edge.refused && !edge.connectedSince
            ? ` Somebody with its id and no valid secret came from ${edge.refused.remote} ${ago(edge.refused.time, now)}.`
            : '';
    if (edge.state === 'neverSeen') {
        return [
            {
                kind: 'warn',
                href,
                title: `${edge.edgeId} has never connected`,
                detail: `Start tunnel-edge with its token; tunnel-edge doctor says what keeps it.${refused}`,
            },
        ];
    }
    if (edge.state === 'conflict') {
        return [
            {
                kind: 'warn',
                href,
                title: `${edge.edgeId} is wanted by two processes`,
                detail: `The other one came from ${edge.conflict?.remote ?? 'elsewhere'} ${ago(edge.conflict?.time, now)}: stop one.`,
            },
        ];
    }
    const [kind, word] = edgeState(edge);
    if (kind === 'bad') {
        const last = edge.lastSeen
            ? `Last seen ${ago(edge.lastSeen, now)} from ${edge.remote ?? 'an unknown address'}`
            : 'Not seen since the hub remembers';
        return [{ kind, href, title: `${edge.edgeId} is ${word}`, detail: `${last}${edge.detail ? `: ${edge.detail}` : ''}.${refused}` }];
    }
    return edge.ownSecretEnds
        ? [
              {
                  kind: 'warn',
                  href,
                  title: `${edge.edgeId} is connected with an old secret`,
                  detail: `It ends ${date(edge.ownSecretEnds)}, and its tunnels with it: give the edge its new token.`,
              },
          ]
        : [];
}

function ofConnected(edge) {
    const href = `#/edges/${encodeURIComponent(edge.edgeId)}`;
    const ports = edge.failedPorts.map(failed => ({
        kind: 'bad',
        href,
        title: `${edge.edgeId} can't listen on ${failed.proto}/${failed.port}${failed.to ? `-${failed.to}` : ''}`,
        detail: failed.error,
    }));
    const bad = edge.firewall && !['none', 'applied', 'off', 'confirming'].includes(edge.firewall.state);
    return bad
        ? [
              ...ports,
              {
                  kind: 'warn',
                  href,
                  title: `${edge.edgeId}: firewall ${edge.firewall.state}`,
                  detail: (edge.firewall.errors ?? []).join('; '),
              },
          ]
        : ports;
}

function ofPort(port) {
    const href = `#/edges/${encodeURIComponent(port.edgeId)}`;
    const name = `${port.edgeId} ${port.proto}/${port.port}`;
    if (port.listening && !port.healthy) {
        return [
            {
                kind: 'bad',
                href,
                title: `${name}: the target can't be reached`,
                detail: `Failed so far: ${Object.entries(port.errors)
                    .map(([reason, count]) => `${words(reason)} ${count}`)
                    .join(', ')}.`,
            },
        ];
    }
    const down = targetsDown(port);
    if (down.length > 0) {
        const detail = down
            .map(target => `${target.target} ${words(target.state)}${target.reason ? `: ${target.reason}` : ''}`)
            .join('; ');
        return [{ kind: 'warn', href, title: `${name}: ${down.length} of ${port.targets.length} targets get no clients`, detail }];
    }
    return port.doubt ? [{ kind: 'warn', href, title: `${name}: PROXY header in doubt`, detail: port.doubt }] : [];
}

function ofCertificate(certificate, now) {
    const ends = certificate.expires ? Date.parse(certificate.expires) : null;
    const isBroken = ends === null ? !certificate.keepsOld : ends <= now;
    const isAlarm = certificate.fault || (ends !== null && ends - now < 14 * DAY);
    if (!isAlarm) return [];
    const what = certificate.forTargets ? 'what targets are shown' : 'the certificate';
    const happens = certificate.fault
        ? certificate.keepsOld
            ? 'has changed and can\'t be used'
            : 'can\'t be used'
        : `${ends <= now ? 'ended' : 'ends'} ${date(certificate.expires)}`;
    const names = certificate.names.length > 0 ? ` (${certificate.names.join(', ')})` : '';
    const fault = certificate.fault ? `: it ${certificate.fault}. ` : '. ';
    const follows = isBroken
        ? 'Clients who need it are reset or warned.'
        : certificate.keepsOld
          ? 'What was there before is used.'
          : 'Put a new one into the files; the hub takes it by itself.';
    return [
        {
            kind: isBroken ? 'bad' : 'warn',
            href: `#/edges/${encodeURIComponent(certificate.edgeId)}`,
            title: `${certificate.edgeId} tcp/${certificate.ports}: ${what} ${happens}`,
            detail: `${certificate.path}${names}${fault}${follows}`,
        },
    ];
}

function ofAuthorizer(authorizer, now) {
    if (!authorizer.fault) return [];
    const meanwhile = authorizer.failOpen ? 'let in unasked' : 'refused';
    return [
        {
            kind: authorizer.failOpen ? 'warn' : 'bad',
            href: `#/edges/${encodeURIComponent(authorizer.edgeId)}`,
            title: `${authorizer.edgeId} tcp/${authorizer.ports}: authorizeUrl gives no answer, and clients are ${meanwhile}`,
            detail: `${authorizer.url}, for ${since(authorizer.faultSince, now)}: ${authorizer.fault}`,
        },
    ];
}

function ofHub(status, now) {
    const found = [];
    if (status.sharedState?.fault) {
        found.push({
            kind: 'bad',
            title: "The database that hubs share can't be used",
            detail: `${status.sharedState.fault} Edges and blocks are as last known, and changes are refused until it is back.`,
        });
    }
    if (status.certificateExpires && Date.parse(status.certificateExpires) - now < 14 * DAY) {
        found.push({
            kind: 'bad',
            title: `The hub's certificate ends ${date(status.certificateExpires)}`,
            detail: 'tunnel-hub doctor says what to do.',
        });
    }
    if (status.memoryBudget > 0 && status.memoryUsed > 0.8 * status.memoryBudget) {
        found.push({
            kind: 'warn',
            title: 'The memory budget is nearly used up',
            detail: `${bytes(status.memoryUsed)} of ${bytes(status.memoryBudget)} wait to be written; beyond it streams are reset.`,
        });
    }
    return found;
}

export const upSince = status => since(status.since);
