// What one batch of verifications has established already (DESIGN.md §3 "Verification"). Whether a signature verifies, and what a chain
// of signed documents amounts to, is a function of the bytes alone: bundles of one registry share root, namespace documents,
// checkpoint and status, and each is asked once. In memory, for one batch under one trust; only what passed is remembered.
import { sha256 } from '../keys/hash.ts';
import type { Envelope } from '../src/contracts/statement.ts';
import type { VerifySignature } from '../src/ports.ts';

/** More than the documents of any batch of registries; beyond it the oldest are asked again. */
const MOST = 4096;

export class BatchMemo {
  readonly #passed = new Map<string, unknown>();

  /** `verify`, asked once for each signature that verifies. One memo serves one verifier only. */
  remembering(verify: VerifySignature): VerifySignature {
    return (publicKey, message, signature) => {
      // Key, digest and signature have fixed lengths, or `verify` refuses them: the parts cannot run into each other.
      const parts = [publicKey, sha256(message), signature];
      const id = `signature|${parts.map((part) => Buffer.from(part).toString('latin1')).join('|')}`;
      if (this.#passed.has(id)) return true;
      if (!verify(publicKey, message, signature)) return false;
      this.#keep(id, true);
      return true;
    };
  }

  /** The result of `compute` for what has exactly these parts; what it throws is not remembered. */
  once<T>(kind: string, parts: readonly (string | number)[], compute: () => T): T {
    // Each part with its length: no two lists of parts run into one text.
    let id = kind;
    for (const part of parts) id += `|${typeof part === 'string' ? `${part.length}:${part}` : part}`;
    if (this.#passed.has(id)) return this.#passed.get(id) as T;
    const value = compute();
    this.#keep(id, value);
    return value;
  }

  #keep(id: string, value: unknown): void {
    if (this.#passed.size >= MOST) this.#passed.delete(this.#passed.keys().next().value as string);
    this.#passed.set(id, value);
  }
}

/** Everything of envelopes that their verification can depend on. */
export function partsOf(envelopes: readonly Envelope[]): string[] {
  return envelopes.flatMap(({ payloadType, payload, signatures }) => [
    payloadType,
    payload,
    String(signatures.length),
    ...signatures.flatMap(({ keyid, sig }) => [keyid ?? '', sig]),
  ]);
}
