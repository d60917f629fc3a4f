// What the parts of the prelude share about effects.
import { CapturedError, defineProperty } from './intrinsics.ts';

/** Requests one effect; resolves with the broker's value, rejects with `effectError`. Never settles once the call has ended. */
export type Request = (capability: string, args: unknown) => Promise<unknown>;

/** An Error whose `code` is the refusal's code. */
export function effectError(code: string, message: string): Error {
  const error = new CapturedError(message);
  // Without a prototype: a descriptor that inherits says what the guest made it say.
  const descriptor = { __proto__: null, value: code, writable: true, enumerable: true, configurable: true };
  defineProperty(error, 'code', descriptor as unknown as PropertyDescriptor);
  return error;
}
