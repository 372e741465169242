// Elements are made of data, never of HTML: whatever comes from the wire is text and stays text.

const SVG = 'http://www.w3.org/2000/svg';

// Characters that would turn or hide what stands beside them (bidirectional controls), and controls but for the end of a line.
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

// Text of others as it is shown, with what steers written out, as on terminals.
const visible = text => text.replace(STEERING, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Makes an element. `on…` properties are handlers, false and null attributes are left out, true is an empty one. */
export function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

/** Makes an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Text that is there for screen readers alone. */
export const unseen = text => el('span', { class: 'hidden' }, text);

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith('on')) node[name] = value;
        else if (name === 'value') node.value = value;
        else node.setAttribute(name, value === true ? '' : visible(String(value)));
    }
    node.append(
        ...children
            .flat(Infinity)
            .filter(child => child !== null && child !== undefined && child !== false)
            .map(child => (child instanceof Node ? child : visible(String(child)))),
    );
    return node;
}
