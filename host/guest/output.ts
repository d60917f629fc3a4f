// What leaves the isolate: records `kind SP id SP name SP length LF body`, collected until the batch is drained. Bounded here,
// and again outside (THREATS.md H9).

/** UTF-16 units of one body. */
export const MAX_BODY = 8 * 1024 * 1024;
/** UTF-16 units drained at once, with room for the answers that are always let through. */
const MAX_OUT = 15 * 1024 * 1024;

let out = '';

/** Whether a body of this length may still be added. */
export function hasRoom(length: number): boolean {
  return length <= MAX_BODY && out.length + length <= MAX_OUT;
}

export function emit(kind: 2 | 3 | 4, id: string, name: string, body: string): void {
  out += `${kind} ${id} ${name} ${body.length}\n${body}`;
}

export function drain(): string {
  const text = out;
  out = '';
  return text;
}
