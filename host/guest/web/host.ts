// What the web's globals get of the prelude (DESIGN.md §4 "Guest"): given once, when they are made. They are a script of their
// own, so that an isolate without use for them pays for its text alone.

export interface WebHost {
  /** An effect for the call that acts now; undefined outside of any. Rejects with an Error that has a `code`. */
  request(capability: string, args: unknown): Promise<unknown> | undefined;
  /** One line to the log of the call that acts now; nothing outside of any, and beyond its share. */
  log(level: string, message: string): void;
  /** Called with what is thrown where nobody can catch it: the call that acted when this was called fails of it. */
  whoeverActs(): (thrown: unknown) => void;
  setTimeout(callback: () => void, ms: number): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** When the isolate was born. */
  timeOrigin(): number;
}

let given: WebHost | undefined;

export function useHost(host: WebHost): void {
  given = host;
}

export function host(): WebHost {
  if (given === undefined) throw new Error('the globals of the web have no host yet');
  return given;
}
