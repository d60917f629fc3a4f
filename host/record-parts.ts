// Which pieces of a batch's text are kept once (issue "large values once, by digest"): long inputs, answers of effects, arguments and
// outputs, so that the same document that is read a hundred times is kept a single time.
import type { Part } from './record-format.ts';

/** UTF-16 units from which on a value is kept once. */
const LARGE = 16 * 1024;

/** A text as parts: the large values inside its messages or bodies, which occur in it in this order, and what is between. */
export function partsOf(text: string, pieces: readonly string[]): Part[] {
  const parts: Part[] = [];
  let done = 0;
  for (const piece of pieces) {
    if (piece.length < LARGE) continue;
    const value = valueIn(piece);
    const at = text.indexOf(value, done);
    if (value.length < LARGE || at === -1) continue;
    if (at > done) parts.push({ text: text.slice(done, at) });
    parts.push({ value });
    done = at + value.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

/** The value in a message to a guest: what stands behind its ids, which are another's in every call. A body is one itself. */
function valueIn(piece: string): string {
  // `[5,"effect",value]`, `[1,"call","kind/name",input,dryRun]`: ids and names hold no comma.
  const before = piece.startsWith('[5,"') ? 2 : piece.startsWith('[1,"') ? 3 : 0;
  if (before === 0) return piece;
  let at = 0;
  for (let comma = 0; comma < before; comma++) at = piece.indexOf(',', at) + 1;
  const end = before === 2 ? piece.length - 1 : piece.lastIndexOf(',');
  return piece.slice(at, end);
}
