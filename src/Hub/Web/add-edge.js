// Allowing an edge; its token is shown once, with what to paste at its machine.

import { post } from './api.js';
import { el } from './dom.js';
import { clearErrors, errorsOf, field, select, showErrors } from './fields.js';
import { hub } from './live.js';
import { readPorts } from './ports-text.js';
import { warnings } from './diff.js';
import { tokenSteps } from './token.js';

export const addEdge = {
    title: () => 'Add an edge',
    render() {
        const place = el('section', { class: 'panel narrow' });
        place.append(form(place));
        return [el('a', { href: '#/' }, '← All edges'), el('h1', {}, 'Add an edge'), place];
    },
};

function form(place) {
    const id = el('input', { autocomplete: 'off', spellcheck: 'false', required: true, maxlength: 64, placeholder: 'vps' });
    const tcp = el('input', { autocomplete: 'off', spellcheck: 'false', placeholder: '80, 443, 8000-8010' });
    const udp = el('input', { autocomplete: 'off', spellcheck: 'false', placeholder: '53' });
    const proxy = select([
        ['', 'the hub’s default'],
        ['v1', 'version 1 (text)'],
        ['v2', 'version 2'],
        ['off', 'none: services that do not expect one'],
    ]);
    const transport = select([
        ['', 'as the edge is set (TLS)'],
        ['tcpTls', 'TLS over TCP'],
        ['quicWithFallback', 'QUIC, else TLS'],
        ['quic', 'QUIC only'],
    ]);
    const host = el('input', { autocomplete: 'off', spellcheck: 'false', placeholder: hub.overview?.publicHost ?? 'hub.example.com:8443' });
    const button = el('button', { class: 'primary' }, 'Add and show the token');
    const made = el(
        'form',
        {
            novalidate: true,
            onsubmit: async event => {
                event.preventDefault();
                clearErrors(made);
                button.disabled = true;
                try {
                    const answer = await post(
                        `/api/v1/edges?${query(transport.value, host.value.trim())}`,
                        body(id.value.trim(), tcp.value, udp.value, proxy.value),
                    );
                    showToken(place, id.value.trim(), answer);
                } catch (error) {
                    showErrors(made, errorsOf(error));
                } finally {
                    button.disabled = false;
                }
            },
        },
        field({ id: 'id', path: '$.id', label: 'Name', hint: '1–64 of A–Z a–z 0–9 . _ -' }, id),
        field(
            { id: 'tcp', path: '$.listenPorts', label: 'TCP ports', hint: 'What the edge listens on, such as 80, 443, 8000-8010.' },
            tcp,
        ),
        field({ id: 'udp', path: '$.listenPortsUdp', label: 'UDP ports', hint: 'Such as 53.' }, udp),
        field(
            {
                id: 'proxy',
                path: '$.ports',
                label: 'PROXY header to your services',
                hint: 'It tells them the client’s address. A service that does not expect it breaks.',
            },
            proxy,
        ),
        el(
            'details',
            {},
            el('summary', {}, 'How the edge reaches this hub'),
            el(
                'div',
                { class: 'fields' },
                field({ id: 'transport', path: '?transport', label: 'Over', hint: 'Written into the token.' }, transport),
                field(
                    {
                        id: 'host',
                        path: '?host',
                        label: 'Address of this hub',
                        hint: hub.overview?.publicHost
                            ? `Empty: ${hub.overview.publicHost}.`
                            : 'The setting publicHost is missing, so the token needs it here: HOST or HOST:PORT.',
                    },
                    host,
                ),
            ),
        ),
        el('div', { class: 'actions' }, button, el('a', { class: 'button', href: '#/' }, 'Cancel')),
    );
    if (!hub.overview?.publicHost) made.querySelector('details').open = true;
    return made;
}

function query(transport, host) {
    const parameters = new URLSearchParams({ token: 'true' });
    if (transport) parameters.set('transport', transport);
    if (host) parameters.set('host', host);
    return parameters;
}

function body(id, tcp, udp, proxy) {
    const edge = { id, listenPorts: readPorts(tcp), listenPortsUdp: readPorts(udp) };
    if (proxy) edge.ports = { default: { proxyProtocol: proxy, udpProxyProtocol: proxy === 'off' ? 'off' : 'each' } };
    return edge;
}

function showToken(place, id, answer) {
    place.replaceChildren(
        el('h2', { tabindex: '-1' }, `${id} may connect`),
        ...[warnings(answer.warnings), tokenSteps(id, answer.token)].flat().filter(Boolean),
        el(
            'div',
            { class: 'actions' },
            el('a', { class: 'button primary', href: `#/edges/${encodeURIComponent(id)}` }, 'I have it; show the edge'),
        ),
    );
    place.querySelector('h2').focus();
}
