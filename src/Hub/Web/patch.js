// Brings what is shown up to date in place, so that focus, selection, scrolling and open parts stay as they are.

const HANDLERS = ['onclick', 'oninput', 'onchange', 'onsubmit', 'onkeydown', 'ontoggle'];

/** Makes the children of a node equal to the given ones. Children with a `data-key` are recognized by it wherever they have moved to. */
export function patchChildren(parent, wanted) {
    const keyed = new Map();
    for (const child of parent.children) {
        if (child.dataset?.key !== undefined) keyed.set(child.dataset.key, child);
    }
    let place = parent.firstChild;
    for (const next of wanted) {
        const key = next.dataset?.key;
        const old = key !== undefined ? keyed.get(key) : place;
        if (old && isSame(old, next)) {
            if (old === place) place = place.nextSibling;
            else parent.insertBefore(old, place);
            patch(old, next);
        } else {
            parent.insertBefore(next, place);
        }
    }
    while (place) {
        const gone = place;
        place = place.nextSibling;
        gone.remove();
    }
}

function isSame(old, next) {
    return (
        old.nodeType === next.nodeType && old.nodeName === next.nodeName && old.dataset?.key === next.dataset?.key && old.id === next.id
    );
}

function patch(old, next) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
        if (old.data !== next.data) old.data = next.data;
        return;
    }
    patchAttributes(old, next);
    for (const name of HANDLERS) {
        if (old[name] !== next[name]) old[name] = next[name];
    }
    // What somebody is typing is theirs.
    if (old.nodeName === 'INPUT' || old.nodeName === 'SELECT' || old.nodeName === 'TEXTAREA') return;
    patchChildren(old, [...next.childNodes]);
}

function patchAttributes(old, next) {
    for (const { name, value } of [...next.attributes]) {
        if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
        if (!next.hasAttribute(name) && !isOwn(name, old)) old.removeAttribute(name);
    }
}

// What is opened by its reader, and a heading that has the focus since its view is new, stay so.
const isOwn = (name, node) => (name === 'open' && node.nodeName === 'DETAILS') || (name === 'tabindex' && node.nodeName === 'H1');
