// What an isolate or a worker came to, as coded errors (DESIGN.md §4, THREATS.md H1-H6). The codes are ours; every text of a
// guest is data: bounded, escaped, never a code.
import { type ErrorCode, type ErrorDetails, SignetError } from '../src/error.ts';
import type { Call } from './call.ts';
import { plain } from './plain-text.ts';
import { type DrainedRecord, RECORD } from './records.ts';
import { FAILURE } from './wire.ts';
import type { Loss } from './worker-channel.ts';

/** UTF-16 units of what a guest threw, as its prelude bounds it. */
const MAX_THROWN = 65_536;

/**
 * What a guest threw, from the JSON text `{message, name?, code?, stack?}` of its prelude: one bounded, escaped line, and the
 * stack. It is data: nothing in it becomes a code of ours. Text that is not that: undefined, and the worker is not honest.
 */
function readThrown(body: string): { line: string; stack: string | undefined } | undefined {
  if (body.length > MAX_THROWN) return undefined;
  let thrown: unknown;
  try {
    // Not the strict parser: a message cut between two surrogates is still one to show.
    thrown = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (thrown === null || typeof thrown !== 'object' || Array.isArray(thrown)) return undefined;
  const field = (key: string): string | undefined => {
    const value = (thrown as Record<string, unknown>)[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const name = field('name');
  const code = field('code');
  const message = plain(field('message') ?? 'without a message', 500);
  const prefix = [name, code]
    .filter((part) => part !== undefined && part !== 'Error')
    .map((part) => `${plain(part as string, 60)}: `);
  const stack = field('stack');
  return {
    line: `${prefix.join('')}${message}`,
    stack:
      stack === undefined
        ? undefined
        : stack
            .split('\n')
            .slice(0, 12)
            .map((line) => plain(line, 200))
            .join('\n'),
  };
}

/** Settles a call by the record of its end. E_FORMAT, thrown: no honest worker says that. */
export function settle(call: Call, record: DrainedRecord): void {
  const item = { item: call.id };
  switch (record.name) {
    case '-':
      if (record.kind !== RECORD.result) break;
      call.succeed(record.body);
      return;
    case 'guest':
      call.fail(thrownError('E_GUEST', 'the bundle threw', record.body, item));
      return;
    case 'output':
      call.fail(thrownError('E_OUTPUT', 'the output is no JSON', record.body, item));
      return;
    case 'missing':
      call.fail(thrownError('E_FUNCTION_UNKNOWN', 'the function cannot be called', record.body, item));
      return;
  }
  throw new SignetError('E_FORMAT', 'a record has an unknown name', { item: record.name });
}

/** A guest error under one of our codes, or E_FORMAT: the worker is not honest. */
export function thrownError(
  code: ErrorCode,
  what: string,
  body: string,
  details: ErrorDetails = {},
): SignetError {
  const thrown = readThrown(body);
  if (thrown === undefined) throw new SignetError('E_FORMAT', 'a worker sent a malformed error');
  return new SignetError(code, `${what}: ${thrown.line}`, {
    ...details,
    ...(thrown.stack === undefined ? {} : { actual: thrown.stack }),
  });
}

/** The error that a `failed` frame stands for. `guestCode`: where the script itself is at fault. A malformed one throws. */
export function failureError(payload: Buffer, what: string, guestCode: ErrorCode): SignetError {
  switch (payload[0]) {
    case FAILURE.timeout:
      return new SignetError('E_TIMEOUT', `${what} used up its time`);
    case FAILURE.memory:
      return new SignetError('E_MEMORY', `${what} used up its memory`);
    case FAILURE.guest:
      return thrownError(guestCode, `${what} failed`, payload.toString('utf8', 1));
    case FAILURE.gone:
      return new SignetError('E_WORKER_LOST', 'the isolate is gone');
    default:
      throw new SignetError('E_FORMAT', 'a worker sent a malformed failure');
  }
}

/**
 * What a call had to do with the end of its isolate or worker. `bystander`: nothing. `suspect`: it was one of several that were
 * being run.
 */
type LostPart = 'bystander' | 'suspect';

/** The cause of an E_WORKER_LOST of a call that may be innocent. */
class Lost {
  readonly part: LostPart;

  constructor(part: LostPart) {
    this.part = part;
  }
}

/** E_WORKER_LOST of a call that may be innocent. */
export function lostError(sentence: string, part: LostPart): SignetError {
  return new SignetError('E_WORKER_LOST', sentence, { cause: new Lost(part) });
}

/** Undefined for every other error, also for the E_WORKER_LOST of the one call that was being run. */
export function lostPart({ cause }: SignetError): LostPart | undefined {
  return cause instanceof Lost ? cause.part : undefined;
}

/** The error of what a lost worker had in hand. `guilty`: it was working on this, and lost for it. */
export function lossError({ cause, reason }: Loss, what: string, guilty: boolean): SignetError {
  if (cause === 'closed') return new SignetError('E_ABORTED', `${what} was ended: ${reason}`);
  if (!guilty) return lostError(`the worker was lost: ${reason}`, 'bystander');
  switch (cause) {
    case 'hang':
      return new SignetError('E_TIMEOUT', `${what} used up its time: ${reason}`);
    case 'memory':
      return new SignetError('E_MEMORY', `${what} used up its memory: ${reason}`);
    case 'exit':
    case 'killed':
    case 'protocol':
      return new SignetError('E_WORKER_LOST', `the worker was lost: ${reason}`);
  }
}
