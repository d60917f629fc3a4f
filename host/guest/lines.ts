// What a call says by `console`: its lines of one batch are one effect `log.lines`, requested when the batch is over or the call
// ends. Nobody waits for a line, and no call fails of one that is refused, as where the manifest does not ask for `log`.
import { type Call, currentCall, requestText } from './calls.ts';
import { type Bare, stringify } from './intrinsics.ts';

/** UTF-16 units of one call: more is dropped. */
const MAX_UNITS = 256 * 1024;
/** UTF-16 units of one effect, unless one line alone is longer. */
const MAX_EFFECT = 32 * 1024;

interface Lines {
  __proto__: null;
  readonly call: Call;
  /** JSON of those that are not sent yet, with commas between. */
  text: string;
  /** Units that the call may still write. */
  left: number;
  isListed: boolean;
  next: Lines | undefined;
}

/** Calls with lines to be sent. */
let unsent: Lines | undefined;

/** One line of the call that acts now; dropped outside of any, and beyond its share. */
export function writeLine(level: string, message: string): void {
  const call = currentCall();
  if (call === undefined) return;
  const lines = linesOf(call);
  if (lines.left <= 0) return;
  lines.left -= message.length + 1;
  const text = lines.left > 0 ? message : 'too much is written to the console: the rest is dropped';
  const line = stringify({ __proto__: null, level, message: text } as Bare);
  if (lines.text.length + line.length > MAX_EFFECT) send(lines);
  lines.text += lines.text === '' ? line : `,${line}`;
  if (lines.isListed) return;
  lines.isListed = true;
  lines.next = unsent;
  unsent = lines;
}

/** Sends what the calls of this batch wrote. */
export function sendLines(): void {
  for (; unsent !== undefined; unsent = unsent.next) {
    unsent.isListed = false;
    send(unsent);
  }
}

function send(lines: Lines): void {
  const { call, text } = lines;
  lines.text = '';
  if (text === '') return;
  const ignored = (): void => undefined;
  requestText(call, 'log.lines', `{"lines":[${text}]}`, ignored, ignored);
}

function linesOf(call: Call): Lines {
  if (call.lines === undefined) {
    const lines: Lines = {
      __proto__: null,
      call,
      text: '',
      left: MAX_UNITS,
      isListed: false,
      next: undefined,
    };
    call.lines = lines;
    call.beforeEnd = () => send(lines);
  }
  return call.lines as Lines;
}
