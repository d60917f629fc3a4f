// `Headers` (WHATWG Fetch). No name is forbidden here: what may be sent is the host's decision.

export type HeadersInput = Headers | Iterable<readonly [string, string]> | Record<string, string>;

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export class Headers {
  /** By name in lower case. */
  readonly #values = new Map<string, string[]>();

  /** TypeError for what is no name or no value. */
  constructor(input?: HeadersInput | null) {
    if (input === undefined || input === null) return;
    if (typeof input !== 'object') throw new TypeError('headers are an object or a list of pairs');
    const pairs = Symbol.iterator in input ? [...input] : Object.entries(input);
    for (const pair of pairs) {
      const [name, value, ...rest] = [...pair];
      if (value === undefined || rest.length > 0) throw new TypeError('a header is a pair of name and value');
      this.append(name, value);
    }
  }

  append(name: unknown, value: unknown): void {
    const key = nameOf(name);
    const values = this.#values.get(key) ?? [];
    values.push(contentOf(value));
    this.#values.set(key, values);
  }

  set(name: unknown, value: unknown): void {
    this.#values.set(nameOf(name), [contentOf(value)]);
  }

  delete(name: unknown): void {
    this.#values.delete(nameOf(name));
  }

  get(name: unknown): string | null {
    return this.#values.get(nameOf(name))?.join(', ') ?? null;
  }

  getSetCookie(): string[] {
    return [...(this.#values.get('set-cookie') ?? [])];
  }

  has(name: unknown): boolean {
    return this.#values.has(nameOf(name));
  }

  /** Sorted by name, values of one name together, but each cookie apart. */
  *entries(): Generator<[string, string]> {
    for (const name of [...this.#values.keys()].sort()) {
      const values = this.#values.get(name) ?? [];
      if (name === 'set-cookie') for (const value of values) yield [name, value];
      else yield [name, values.join(', ')];
    }
  }

  *keys(): Generator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): Generator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    for (const [name, value] of this.entries()) callback.call(self, value, name, this);
  }

  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return 'Headers';
  }
}

function nameOf(name: unknown): string {
  const text = String(name);
  if (!NAME.test(text)) throw new TypeError(`${JSON.stringify(text)} is no name of a header`);
  return text.toLowerCase();
}

function contentOf(value: unknown): string {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (/[\0\r\n]|[^\0-\xff]/.test(text))
    throw new TypeError('the value of a header has characters that it cannot have');
  return text;
}
