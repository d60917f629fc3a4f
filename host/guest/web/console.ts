// `console` into the effect `log` (DESIGN.md §4 "Guest"): lines of the call that runs; outside of one they are dropped.
import { host } from './host.ts';

/** UTF-16 units; the log shows less. */
const MAX_LINE = 8_192;
const MAX_DEPTH = 4;
const MAX_ITEMS = 100;

type Level = 'debug' | 'info' | 'warn' | 'error';

const write = (level: Level, parts: readonly unknown[]): void => host().log(level, format(parts));

const PLACE = /%[sdifjoOc%]/g;

/** The parts as one line, those that a first text has places for in their places. */
export function format(parts: readonly unknown[]): string {
  const [first, ...others] = parts;
  const rest = typeof first === 'string' ? others : parts;
  let used = 0;
  const place = (mark: string): string => {
    if (mark === '%%') return '%';
    if (used === rest.length) return mark;
    const value = rest[used++];
    if (mark === '%c') return '';
    if (mark === '%d' || mark === '%i' || mark === '%f') {
      const number = mark === '%i' ? Math.trunc(Number(value)) : Number(value);
      return typeof value === 'symbol' ? 'NaN' : String(number);
    }
    return mark === '%s' && typeof value === 'string' ? value : inspect(value);
  };
  const head = typeof first === 'string' ? [others.length === 0 ? first : first.replace(PLACE, place)] : [];
  const tail = rest.slice(used).map((value) => (typeof value === 'string' ? value : inspect(value)));
  return [...head, ...tail].join(' ').slice(0, MAX_LINE);
}

/** A value as a person reads it: bounded in depth and width. */
function inspect(value: unknown, depth = 0, above: readonly object[] = []): string {
  switch (typeof value) {
    case 'string':
      return depth === 0 ? value : JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return `[Function ${value.name}]`;
    case 'object':
      break;
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
  if (value === null) return 'null';
  if (above.includes(value)) return '[Circular]';
  if (value instanceof Error) return depth === 0 ? String(value.stack) : `[${value.name}: ${value.message}]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor
    ?.name;
  if (depth === MAX_DEPTH) return `[${name ?? 'Object'}]`;
  const inner = (item: unknown): string => inspect(item, depth + 1, [...above, value]);
  const prefix = name === undefined || name === 'Object' || name === 'Array' ? '' : `${name} `;
  if (Array.isArray(value)) return `${prefix}[${listed(value, inner)}]`;
  if (value instanceof Map) {
    return `Map(${value.size}) {${listed([...value], ([key, item]) => `${inner(key)} => ${inner(item)}`)}}`;
  }
  if (value instanceof Set) return `Set(${value.size}) {${listed([...value], inner)}}`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return `${prefix}[${listed(value as Uint8Array, String)}]`;
  }
  return `${prefix}{${listed(Object.keys(value), (key) => `${key}: ${inner((value as Record<string, unknown>)[key])}`)}}`;
}

function listed<T>(items: ArrayLike<T>, show: (item: T) => string): string {
  const shown = Array.prototype.slice.call(items, 0, MAX_ITEMS).map((item: T) => show(item));
  if (items.length > MAX_ITEMS) shown.push(`… ${items.length - MAX_ITEMS} more`);
  return shown.join(', ');
}

const to =
  (level: Level) =>
  (...parts: unknown[]): void =>
    write(level, parts);
const counts = new Map<string, number>();

/** Groups, tables and stop watches are lines like others, or nothing. */
export const console = {
  debug: to('debug'),
  log: to('info'),
  info: to('info'),
  warn: to('warn'),
  error: to('error'),
  trace: to('debug'),
  dir: (value: unknown): void => write('info', [value]),
  table: (value: unknown): void => write('info', [value]),
  group: to('info'),
  groupCollapsed: to('info'),
  groupEnd: (): void => undefined,
  assert: (holds: unknown, ...parts: unknown[]): void => {
    if (!holds) write('error', ['Assertion failed', ...parts]);
  },
  count: (label: unknown = 'default'): void => {
    const count = (counts.get(String(label)) ?? 0) + 1;
    counts.set(String(label), count);
    write('info', [`${String(label)}: ${count}`]);
  },
  countReset: (label: unknown = 'default'): void => {
    counts.delete(String(label));
  },
  time: (): void => undefined,
  timeLog: (): void => undefined,
  timeEnd: (): void => undefined,
};
