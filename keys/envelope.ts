// DSSE v1 envelopes (DESIGN.md §3; https://github.com/secure-systems-lab/dsse): the signature covers the payload's type and
// bytes, and those bytes are what is parsed. Keys count by their bytes; `keyid` is a hint and nothing else (THREATS.md 7, 10, 17).
import { decodeBase64, encodeBase64 } from '../src/base64.ts';
import { Envelope } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import { type JsonLimits, parseJson } from '../src/json.ts';
import type { VerifySignature } from '../src/ports.ts';
import { parseShape } from '../src/shape.ts';
import { fingerprint, formatPublicKey, type KeyPair, sign } from './ed25519.ts';

/** What a place requires of an envelope. `keys` are raw public keys; each counts once. */
export interface Requirement {
  readonly item: string;
  readonly payloadType: string;
  readonly keys: readonly Uint8Array[];
  readonly threshold: number;
  readonly verify: VerifySignature;
}

/** The signed bytes, and the distinct keys of the requirement whose signatures verified. */
export interface Opened {
  readonly payload: Uint8Array;
  readonly signers: readonly Uint8Array[];
}

/** DSSE's pre-authentication encoding: what is signed. Lengths are in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** An envelope over the payload, signed by each key in order. */
export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  signers: readonly KeyPair[],
): Envelope {
  const message = preAuthEncoding(payloadType, payload);
  return {
    payloadType,
    payload: encodeBase64(payload),
    signatures: signers.map((signer) => ({
      keyid: fingerprint(signer.publicKey),
      sig: encodeBase64(sign(signer.secretKey, message)),
    })),
  };
}

/** The envelope in the bytes of a file: E_JSON, E_LIMIT or E_FORMAT where it is none. Verifies nothing. */
export function parseEnvelope(bytes: Uint8Array, item: string, limits: Partial<JsonLimits> = {}): Envelope {
  return parseShape(Envelope, parseJson(bytes, item, limits), item);
}

/** The payload without any verification: for what must be looked at before its keys are known. */
export function unverifiedPayload(
  envelope: Pick<Envelope, 'payloadType' | 'payload'>,
  payloadType: string,
  item: string,
): Uint8Array {
  if (envelope.payloadType !== payloadType) {
    throw new SignetError('E_PAYLOAD_TYPE', `${item} is signed as something else`, {
      item,
      expected: payloadType,
      actual: envelope.payloadType,
    });
  }
  return decodeBase64(envelope.payload);
}

/**
 * The payload, once at least `threshold` distinct keys of the requirement signed it. Refused: another payload type
 * (E_PAYLOAD_TYPE), no signature at all (E_UNSIGNED), a key listed twice (E_KEY), a threshold below 1 or above the number of keys (E_THRESHOLD), no
 * signature by a listed key (E_SIGNER), one that claims a listed key and does not verify (E_SIGNATURE), too few (E_THRESHOLD).
 */
export function verifyEnvelope(envelope: Envelope, required: Requirement): Opened {
  const { item, threshold, verify } = required;
  const payload = unverifiedPayload(envelope, required.payloadType, item);
  if (envelope.signatures.length === 0) {
    throw new SignetError('E_UNSIGNED', `${item} is not signed`, {
      item,
      expected: `${threshold} of ${required.keys.length} keys`,
      actual: 'no signature',
    });
  }
  const keys = distinctKeys(required.keys, item);
  if (!Number.isSafeInteger(threshold) || threshold < 1 || threshold > keys.size) {
    throw new SignetError('E_THRESHOLD', `${item} requires a number of signatures that no one can give`, {
      item,
      expected: `1 to ${keys.size}`,
      actual: String(threshold),
    });
  }
  const message = preAuthEncoding(required.payloadType, payload);
  const signed = new Map<string, Uint8Array>();
  let claimed: string | undefined;
  for (const { keyid, sig } of envelope.signatures) {
    const signature = decodeBase64(sig);
    // The hinted key first: the others are tried only where the hint is wrong.
    const hinted = keyid === undefined ? undefined : keys.get(keyid);
    const candidates = hinted === undefined ? keys : new Map([[keyid!, hinted], ...keys]);
    const found = [...candidates].find(([, key]) => verify(key, message, signature));
    if (found !== undefined) signed.set(found[0], found[1]);
    else if (hinted !== undefined) claimed = keyid;
  }
  if (signed.size >= threshold) return { payload, signers: [...signed.values()] };
  if (signed.size > 0) {
    throw new SignetError('E_THRESHOLD', `${item} is signed by too few keys`, {
      item,
      expected: `${threshold} distinct keys`,
      actual: String(signed.size),
    });
  }
  if (claimed !== undefined) {
    throw new SignetError('E_SIGNATURE', `a signature of ${item} does not verify`, {
      item,
      expected: `a signature by ${claimed}`,
      actual: 'it does not match payload and key',
    });
  }
  throw new SignetError('E_SIGNER', `${item} is not signed by a key that may sign it`, {
    item,
    expected: [...keys.keys()].join(', '),
    actual: envelope.signatures.map(({ keyid }) => keyid ?? '(no key id)').join(', '),
  });
}

function distinctKeys(keys: readonly Uint8Array[], item: string): Map<string, Uint8Array> {
  const byFingerprint = new Map(keys.map((key) => [fingerprint(key), key]));
  if (byFingerprint.size !== keys.length) {
    const twice = keys.find((key, i) => keys.some((other, j) => j < i && Buffer.compare(key, other) === 0));
    throw new SignetError('E_KEY', `${item} lists a key twice`, {
      item,
      expected: 'each key once',
      actual: formatPublicKey(twice!),
    });
  }
  return byFingerprint;
}
