// Whatever guest code throws, as bounded JSON text (THREATS.md H5, H6). Runs inside the isolate, under its time limit: a
// getter that loops, a proxy, a message of 100 MB end here.
import { type Bare, primitiveText, stringify } from './intrinsics.ts';

const MAX_MESSAGE = 2_000;
const MAX_STACK = 4_000;
const MAX_NAME = 100;

/** JSON text `{message, name?, code?, stack?}`, every value a bounded string. */
export function describe(thrown: unknown): string {
  const text = primitiveText(thrown, MAX_MESSAGE);
  if (text !== undefined) return stringify({ __proto__: null, message: text } as Bare);
  const message = read(thrown as object, 'message', MAX_MESSAGE);
  const bare: Bare = { __proto__: null, message: message ?? 'an object that is not an Error' };
  bare['name'] = read(thrown as object, 'name', MAX_NAME);
  bare['code'] = read(thrown as object, 'code', MAX_NAME);
  bare['stack'] = read(thrown as object, 'stack', MAX_STACK);
  return stringify(bare);
}

/** The property if it is a string and can be read. What a getter throws is the guest's own affair. */
function read(holder: object, key: string, max: number): string | undefined {
  try {
    const value = (holder as Record<string, unknown>)[key];
    return typeof value === 'string' ? primitiveText(value, max) : undefined;
  } catch {
    return undefined;
  }
}
