// Signatures that verified already (DESIGN.md §3 "Verification"): whether a signature verifies is a function of key, message and
// signature alone, so that a batch of bundles of one registry need not ask again for the same root, namespace document,
// checkpoint and status. A memo lives as long as one batch, in memory; only what verified is remembered.
import { sha256 } from '../keys/hash.ts';
import type { VerifySignature } from '../src/ports.ts';

/** More than the documents of any batch of registries; beyond it the oldest are asked again. */
const MOST = 4096;

export class SignatureMemo {
  readonly #verified = new Set<string>();

  /** `verify`, asked once for each signature that verifies. One memo serves one verifier only. */
  remembering(verify: VerifySignature): VerifySignature {
    return (publicKey, message, signature) => {
      // Key and signature have fixed lengths, or `verify` refuses them: the parts cannot run into each other.
      const digest = Buffer.from(sha256(message)).toString('latin1');
      const id = `${Buffer.from(publicKey).toString('latin1')}|${digest}|${Buffer.from(signature).toString('latin1')}`;
      if (this.#verified.has(id)) return true;
      if (!verify(publicKey, message, signature)) return false;
      if (this.#verified.size >= MOST) this.#verified.delete(this.#verified.values().next().value as string);
      this.#verified.add(id);
      return true;
    };
  }
}
