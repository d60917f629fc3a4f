// The code with which something is refused.
import { asSignetError } from '../../src/error.ts';

/** The code of what is thrown, or undefined. */
export function refusal(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    return asSignetError(thrown).code;
  }
}
