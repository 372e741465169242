// Numbers and times for people, always with their unit.

const count = new Intl.NumberFormat('en');
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export const number = value => count.format(value ?? 0);

/** `12.4 MiB`. */
export function bytes(value) {
    let scaled = value ?? 0;
    let unit = 0;
    while (scaled >= 1024 && unit < UNITS.length - 1) {
        scaled /= 1024;
        unit++;
    }
    return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[unit]}`;
}

/** `12.4 MiB/s`. */
export const rate = value => `${bytes(value)}/s`;

/** `3 d 4 h`, `12 min`, `40 s`. */
export function duration(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min`;
    if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
    return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

export const secondsSince = (time, now = Date.now()) => (now - Date.parse(time)) / 1000;
export const since = (time, now) => (time ? duration(secondsSince(time, now)) : '–');
export const ago = (time, now) => (time ? `${since(time, now)} ago` : 'never');

/** The time of day, with the date unless it is today's. */
export function moment(time) {
    const date = new Date(time);
    return Date.now() - date < 12 * 3600 * 1000 ? clock.format(date) : day.format(date);
}

export const timeOfDay = time => clock.format(time);
export const date = time => full.format(new Date(time));
export const milliseconds = value =>
    value === undefined || value === null ? '–' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const plural = (value, one, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** `blocked` and `connectTimeout` as people say them. */
export const words = name => name.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
