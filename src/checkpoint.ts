// C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): the text of the note that a log signs. Origin, size and root
// hash, one line each. Signet writes no extension lines; those of other logs must be non-empty and mean nothing here.
import { decodeBase64, encodeBase64 } from './base64.ts';
import { SignetError } from './error.ts';
import { HASH_BYTES } from './merkle.ts';

export interface Checkpoint {
  /** The log's own name, unique for ever. */
  readonly origin: string;
  /** How many entries the tree has. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** The three lines of the checkpoint; a value that the format cannot hold is E_CHECKPOINT. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${encodeBase64(root)}\n`;
  const parsed = parseCheckpoint(text);
  if (parsed.origin !== origin) refuse('the origin is more than one line', origin);
  return text;
}

/** Reads the text of a note that is already verified; whatever departs from the format is E_CHECKPOINT. */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith('\n')) refuse('the last line has no newline', text);
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || size === undefined || root === undefined) {
    return refuse('expected the lines origin, size and root', text);
  }
  if (origin === '') refuse('the origin is empty', text);
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    refuse('the size is not a decimal number without leading zeros', size);
  }
  if (extensions.includes('')) refuse('an extension line is empty', text);
  return { origin, size: Number(size), root: decodeRoot(root) };
}

function decodeRoot(line: string): Uint8Array {
  let root: Uint8Array;
  try {
    root = decodeBase64(line);
  } catch (cause) {
    throw new SignetError('E_CHECKPOINT', 'checkpoint: the root is not canonical base64', {
      expected: 'canonical base64 of 32 bytes',
      actual: line.slice(0, 120),
      cause,
    });
  }
  if (root.length !== HASH_BYTES) refuse(`the root does not have ${HASH_BYTES} bytes`, line);
  return root;
}

function refuse(reason: string, actual: string): never {
  throw new SignetError('E_CHECKPOINT', `checkpoint: ${reason}`, {
    expected: 'a checkpoint as C2SP writes it',
    actual: actual.slice(0, 120),
  });
}
