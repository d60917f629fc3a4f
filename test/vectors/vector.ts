// Vectors: one failure each, labelled with the check and the code that must refuse it. A vector is one JSON file; archives stand
// beside, named by their digest, since many vectors share one.
import { formatDocument } from '../../keys/document.ts';
import { archiveDigest } from '../../registry/archive.ts';
import type { TrustState } from '../../registry/trust.ts';
import { verifyRelease } from '../../registry/verify.ts';
import { formatTime } from '../../src/contracts/common.ts';
import type { PinnedRoot } from '../../src/contracts/trust.ts';
import type { CheckName, SubjectVerdict } from '../../src/contracts/verdict.ts';
import type { ErrorCode } from '../../src/error.ts';
import { START } from '../registry/fixture.ts';
import { type Blueprint, type Made, make, trustOf } from './scene.ts';

/** One case: how it is made, and what must come of it. */
export interface Case {
  /** File name below the folder of its check. */
  readonly id: string;
  /** What is wrong, or what is right in spite of appearances, in one line. */
  readonly about: string;
  /** Rows of THREATS.md. */
  readonly rows: readonly number[];
  readonly plan?: Blueprint;
  /** The bytes of the proof instead of the made ones; null for none. */
  readonly proof?: null | ((bytes: Uint8Array, made: Made) => Bytes);
  /** The bytes of the archive, changed after everything was signed. */
  readonly archive?: (archive: Uint8Array) => Bytes;
  readonly trust?: Partial<TrustState>;
  readonly pin?: Partial<PinnedRoot> | ((made: Made) => Partial<PinnedRoot>);
  readonly recover?: (made: Made) => Partial<TrustState>;
  readonly asked?: { readonly name?: string; readonly version?: string; readonly digest?: string };
  readonly now?: number;
}

export interface Refusal extends Case {
  readonly code: ErrorCode;
  /** The valid vector that differs in nothing but the failure. */
  readonly twin?: string;
}

/** The first 16 hexadecimal digits of the SHA-256: the name of a file of bytes. */
export const shortDigest = (bytes: Uint8Array): string =>
  archiveDigest(bytes).slice('sha256:'.length, 'sha256:'.length + 16);

/** Bytes, or a byte so many times: what is too large to keep. */
export type Bytes = Uint8Array | Repeated;
interface Repeated {
  readonly byte: number;
  readonly times: number;
}
/** A vector as its file holds it. */
export interface VectorFile {
  readonly about: string;
  readonly rows: readonly number[];
  /** `ok`, or the check that refuses and its code. */
  readonly expect: 'ok' | { readonly check: CheckName; readonly code: ErrorCode };
  readonly twin?: string;
  /** A path of the bytes, or a byte so many times; no proof is null. */
  readonly archive: string | Repeated;
  readonly proof: string | Repeated | null;
  readonly trust: object;
  readonly asked?: object;
  readonly now: string;
}

/** The files of a set of cases, by path: their JSON, and the archives that they name. */
export function filesOf(
  check: CheckName | 'valid',
  cases: readonly (Case | Refusal)[],
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const item of cases) {
    const made = make(item.plan);
    const store = (bytes: Bytes, folder: string, ending: string): string | Repeated => {
      if (!(bytes instanceof Uint8Array)) return bytes;
      const path = `${folder}/${shortDigest(bytes)}.${ending}`;
      files.set(path, bytes);
      return path;
    };
    const formatted = formatDocument(made.proof);
    const pin = typeof item.pin === 'function' ? item.pin(made) : item.pin;
    const vector: VectorFile = {
      about: item.about,
      rows: item.rows,
      expect: 'code' in item ? { check: check as CheckName, code: item.code } : 'ok',
      ...('code' in item ? { twin: `valid/${item.twin ?? 'release'}` } : {}),
      archive: store(item.archive?.(made.archive) ?? made.archive, 'archives', 'tar'),
      proof:
        item.proof === null ? null : store(item.proof?.(formatted, made) ?? formatted, 'proofs', 'proof'),
      trust: plain({ ...trustOf(item.trust, pin), ...item.recover?.(made) }) as object,
      ...(item.asked === undefined ? {} : { asked: item.asked }),
      now: formatTime(item.now ?? START),
    };
    const path = `${check}/${item.id}.json`;
    if (files.has(path)) throw new Error(`two vectors are called ${path}`);
    files.set(path, formatVector(vector));
  }
  return files;
}

/** One field a line. */
function formatVector(vector: VectorFile): Uint8Array {
  const fields = Object.entries(vector).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return Buffer.from(`{\n${fields.join(',\n')}\n}\n`);
}

/** The verdict on a vector, from nothing but its file and the files that it names. */
export function verdictOn(vector: VectorFile, read: (path: string) => Uint8Array): SubjectVerdict {
  const bytesOf = (field: string | Repeated): Uint8Array =>
    typeof field === 'string' ? expand(read(field), read) : new Uint8Array(field.times).fill(field.byte);
  const proof = vector.proof === null ? undefined : bytesOf(vector.proof);
  const trust = revive(vector.trust) as TrustState;
  return verifyRelease(bytesOf(vector.archive), proof, trust, Date.parse(vector.now), vector.asked);
}

/** The bytes of a proof with each `@envelopes/….json` in them replaced by that file; an archive has none. */
function expand(bytes: Uint8Array, read: (path: string) => Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const whole = text.replace(/@(envelopes\/[0-9a-f]{16}\.json)/g, (_, path) =>
    Buffer.from(read(path)).toString('latin1'),
  );
  return Buffer.from(whole, 'latin1');
}

/** Maps and sets as `{"$map": […]}` and `{"$set": […]}`, undefined left out. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return { $map: [...value].map(plain) };
  if (value instanceof Set) return { $set: [...value].map(plain) };
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== 'object') return value;
  if ('$map' in value) return new Map(revive(value.$map) as [unknown, unknown][]);
  if ('$set' in value) return new Set(revive(value.$set) as unknown[]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}
