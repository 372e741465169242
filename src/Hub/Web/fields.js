// Fields of forms, each with the place in the API's problem document that its errors have.

import { el } from './dom.js';
import { icon } from './icons.js';

/** Puts a label, a hint and room for an error around an input. */
export function field({ id, path, label, hint }, input) {
    input.id = id;
    input.setAttribute('aria-describedby', `${id}-hint ${id}-error`);
    return el(
        'div',
        { class: 'field', 'data-path': path },
        el('label', { for: id }, label),
        input,
        el('span', { class: 'hint', id: `${id}-hint` }, hint ?? ''),
        el('span', { class: 'error', id: `${id}-error` }),
    );
}

/** A switch with its label behind it. */
export function choice(id, label, attributes = {}) {
    return el('div', { class: 'choice' }, el('input', { type: 'checkbox', id, ...attributes }), el('label', { for: id }, label));
}

/** A choice of one of several words. */
export function select(options, value) {
    const node = el(
        'select',
        {},
        options.map(([word, label]) => el('option', { value: word }, label ?? word)),
    );
    node.value = value ?? options[0][0];
    return node;
}

/** Shows each error beside the field that it is about, and the others above the form; the first field in error gets the focus. */
export function showErrors(form, errors) {
    clearErrors(form);
    const others = [];
    for (const error of errors) {
        const place = placeOf(form, error.path);
        if (place) showAt(place, error);
        else others.push(error);
    }
    if (others.length > 0) {
        form.prepend(
            el(
                'div',
                { class: 'summary-errors', role: 'alert', tabindex: '-1' },
                el('strong', {}, 'Nothing was changed'),
                el(
                    'ul',
                    {},
                    others.map(error =>
                        el(
                            'li',
                            {},
                            error.path && error.path !== '$' ? el('code', {}, error.path) : null,
                            error.path && error.path !== '$' ? ': ' : '',
                            said(error),
                        ),
                    ),
                ),
            ),
        );
    }
    const first = form.querySelector('[aria-invalid=true], .summary-errors, .one-error');
    first?.focus();
    first?.scrollIntoView({ block: 'center' });
}

export function clearErrors(form) {
    form.querySelector(':scope > .summary-errors')?.remove();
    for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
    for (const error of form.querySelectorAll('.error')) error.replaceChildren();
}

/** A refused request as errors that can be shown. */
export const errorsOf = error =>
    error.errors?.length > 0 ? error.errors : [{ path: '$', message: [error.message, error.hint].filter(Boolean).join(' ') }];

function placeOf(form, path) {
    const places = [...form.querySelectorAll('[data-path]')].filter(place => isWithin(path, place.dataset.path));
    return places.sort((a, b) => b.dataset.path.length - a.dataset.path.length)[0];
}

const isWithin = (path, outer) =>
    path === outer || (path.startsWith(outer) && (path[outer.length] === '.' || path[outer.length] === '['));

function showAt(place, error) {
    const closed = place.closest('details:not([open])');
    if (closed) closed.open = true;
    // An error of a whole part has no field of its own.
    if (place.classList.contains('field')) place.querySelector('input, select, textarea').setAttribute('aria-invalid', 'true');
    place.querySelector('.error').append(el('span', { class: 'one-error' }, icon('bad'), el('span', {}, said(error))));
}

function said(error) {
    return error.value && error.value !== '***' ? `${error.value}: ${error.message}` : error.message;
}
