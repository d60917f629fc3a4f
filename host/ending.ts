// What each call comes to when its isolate or its worker ends (DESIGN.md §4, THREATS.md H1-H3). The one call that was being run is
// to blame and gets the reason as its own; of several, the batch does not tell which, and all are suspects; what only waited for an
// effect, or for its turn, is a bystander. Suspects and bystanders may be run again.
import type { GenerationEnding } from '../src/contracts/record.ts';
import { SignetError } from '../src/error.ts';
import type { Batch } from './batch.ts';
import type { Call } from './call.ts';
import { failureError, lossError, lostError } from './outcome.ts';
import { FAILURE } from './wire.ts';
import type { Loss } from './worker-channel.ts';

/** A call whose deadline is as near as this ran into it. */
const CLOSE_MS = 5;

/** The isolate failed in this batch, and is gone. */
export function endingByFailure({ running }: Batch, payload: Buffer): (call: Call) => SignetError {
  const error = failureError(payload, 'the call', 'E_GUEST');
  const isTimeout = payload[0] === FAILURE.timeout;
  return (call) => {
    if (!running.has(call))
      return lostError('the isolate was ended by another call of its bundle', 'bystander');
    if (isTimeout && isOver(call)) return tooLong(call);
    if (running.size > 1) return lostError(`of several calls that ran together, ${error.message}`, 'suspect');
    return isTimeout ? tooMuchCpu(call) : limited(error);
  };
}

/** The worker was lost with this batch in hand. `isGuilty`: it was at this batch, and lost for its isolate. */
export function endingByLoss({ running }: Batch, loss: Loss, isGuilty: boolean): (call: Call) => SignetError {
  const bystander = lossError(loss, 'the call', false);
  const guilty = lossError(loss, 'the call', isGuilty);
  return (call) => {
    if (!isGuilty || !running.has(call)) return bystander;
    if (loss.cause === 'hang' && isOver(call)) return tooLong(call);
    if (running.size > 1) return lostError(guilty.message, 'suspect');
    return loss.cause === 'hang' ? tooMuchCpu(call) : limited(guilty);
  };
}

const isOver = (call: Call): boolean => call.deadline <= performance.now() + CLOSE_MS;

/** Memory is the one other limit that ends an isolate. */
function limited(error: SignetError): SignetError {
  if (error.code !== 'E_MEMORY') return error;
  return new SignetError('E_MEMORY', error.message, { item: 'heapMb' });
}

/** What a record says of it. */
export function endingOf(payload: Buffer): GenerationEnding {
  if (payload[0] === FAILURE.timeout) return 'timeout';
  return payload[0] === FAILURE.memory ? 'memory' : 'broken';
}

/** E_TIMEOUT. */
export function tooLong({ options }: Call): SignetError {
  return new SignetError('E_TIMEOUT', `the call took longer than ${Math.ceil(options.wallMs)} ms`, {
    item: 'wallMs',
  });
}

/** E_CPU. */
export function tooMuchCpu({ options }: Call): SignetError {
  return new SignetError('E_CPU', `the call used more than ${options.cpuMs} ms of processor time`, {
    item: 'cpuMs',
  });
}

/** E_EFFECT_LIMIT. */
export function tooManyEffects({ options }: Call): SignetError {
  return new SignetError('E_EFFECT_LIMIT', `the call asked for more than ${options.effects} effects`, {
    item: 'effects',
  });
}
