// A stranger's module-level code runs only here: in the isolate that the caller hands in, without capabilities, and only
// text comes back (DESIGN.md §7 "Wiring", THREATS.md 38).
import type { Provided } from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';

/** Runs a script without any capability and yields the string that its last expression has; rejects where it fails. */
export type Evaluate = (script: string) => Promise<string>;

/** What a script can bring about; everything else is a failure of the isolate's owner. */
const FAILURES: readonly string[] = ['E_EVALUATE', 'E_TIMEOUT', 'E_MEMORY', 'E_WORKER_LOST'];

/** What the script yields; where it fails, E_BUILD_EVALUATE with the cause kept. */
export async function evaluateGuest(evaluate: Evaluate, script: string): Promise<string> {
  try {
    return await evaluate(script);
  } catch (cause) {
    if (cause instanceof SignetError && !FAILURES.includes(cause.code)) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SignetError(
      'E_BUILD_EVALUATE',
      `the code of index.ts fails at module level: ${message.slice(0, 1000)}`,
      {
        item: 'index.ts',
        cause,
      },
    );
  }
}

/**
 * Loads what ships once, as the host will: it must define exactly what was described, although zod is gone.
 * E_SCHEMA_IN_GUEST where module-level code uses a schema, E_BUILD_EVALUATE for everything else.
 */
export async function checkLoads(
  evaluate: Evaluate,
  code: string,
  provides: readonly Pick<Provided, 'kind' | 'name'>[],
): Promise<void> {
  const script = `(() => {
let calls = 0, found = '';
const __signet_define = (functions) => {
  calls += 1;
  found = functions.map(({ kind, name, run }) => kind + '/' + name + ' ' + typeof run).join();
};
try {
${code}
} catch (error) {
  if (error !== null && typeof error === 'object' && error.code === 'E_SCHEMA_IN_GUEST') return 'zod ' + error.message;
  throw error;
}
return calls + ' ' + found;
})()`;
  const expected = `1 ${provides.map(({ kind, name }) => `${kind}/${name} function`).join()}`;
  const actual = await evaluateGuest(evaluate, script);
  if (actual === expected) return;
  if (actual.startsWith('zod ')) {
    throw new SignetError('E_SCHEMA_IN_GUEST', actual.slice(4, 1000), { item: 'index.ts' });
  }
  throw new SignetError(
    'E_BUILD_EVALUATE',
    'the code defines other functions when it is loaded a second time',
    {
      item: 'index.ts',
      expected: expected.slice(0, 1000),
      actual: actual.slice(0, 1000),
    },
  );
}
