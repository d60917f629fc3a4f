// What one batch drained (DESIGN.md §4 "Guest"): records `kind SP id SP name SP length LF body`, one after the other.
// Written by the guest prelude, read here as hostile text (THREATS.md H9): one deviation refuses the whole.
import { SignetError } from '../src/error.ts';

/** A call's result, a call's error, a request for an effect. */
export const RECORD = { result: 2, error: 3, effect: 4 } as const;

export interface DrainedRecord {
  readonly kind: (typeof RECORD)[keyof typeof RECORD];
  /** The call's id; for an effect `callId.seq`. */
  readonly id: string;
  /** `-` for a result; an error's class; an effect's capability. */
  readonly name: string;
  /** JSON text as the isolate made it, unparsed. */
  readonly body: string;
}

/** Ids of calls: what fits a record's header and can hold no `.`. */
export const CALL_ID = /^[A-Za-z0-9_-]{1,64}$/;

const HEADER =
  /^([234]) ([A-Za-z0-9_-]{1,64}(?:\.[1-9][0-9]{0,9})?) (-|[a-z][a-z.]{0,31}) (0|[1-9][0-9]{0,8})$/;
const MAX_HEADER = 140;
/** UTF-16 units from which on an effect, which may wait for long, does not keep the text that it came in. */
const LARGE = 64 * 1024;

/** The records of a drained text. Anything else than whole, well-formed records: E_FORMAT. */
export function parseDrained(text: string): DrainedRecord[] {
  const records: DrainedRecord[] = [];
  let at = 0;
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at);
    if (lineEnd === -1 || lineEnd - at > MAX_HEADER) throw malformed(at);
    const match = HEADER.exec(text.slice(at, lineEnd));
    if (match === null) throw malformed(at);
    const end = lineEnd + 1 + Number(match[4]);
    if (end > text.length) throw malformed(at);
    const kind = Number(match[1]) as DrainedRecord['kind'];
    const keep = kind === RECORD.effect && text.length > LARGE ? detached : (slice: string) => slice;
    records.push({
      kind,
      id: keep(match[2] as string),
      name: keep(match[3] as string),
      body: keep(text.slice(lineEnd + 1, end)),
    });
    at = end;
  }
  return records;
}

/** A text of its own: a slice keeps the whole text that it is of in memory. Exact, since what came as UTF-8 is well-formed. */
function detached(slice: string): string {
  return Buffer.from(slice, 'utf8').toString('utf8');
}

function malformed(at: number): SignetError {
  return new SignetError('E_FORMAT', 'a worker sent a malformed record', {
    item: 'record',
    actual: `at ${at}`,
  });
}
