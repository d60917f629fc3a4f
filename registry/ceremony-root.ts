// The ceremony of a threshold root (DESIGN.md §3 "Root"; THREATS.md 2, 7; keys/README.md): drawn up by one person, signed by several
// on machines of their own, each of whom compares its fingerprint; version N+1 wants the thresholds of N and of N+1.
import { formatDocument } from '../keys/document.ts';
import { checkPublicKey, fingerprint, formatPublicKey } from '../keys/ed25519.ts';
import {
  type Role,
  type RootContents,
  readRoot,
  rootFingerprint,
  rootRole,
  verifyRoot,
} from '../keys/root.ts';
import { encodeBase64 } from '../src/base64.ts';
import { formatTime } from '../src/contracts/common.ts';
import { type Envelope, ROOT_PAYLOAD, RootDocument } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { type Progress, progressOf, requireMet } from './ceremony.ts';

export const ROOT_ROLES = ['root', 'registrar', 'log', 'status', 'witness'] as const;
export type RootRole = (typeof ROOT_ROLES)[number];

/** What a root is to say. `expires` in milliseconds. */
export interface RootPlan {
  readonly version: number;
  readonly expires: number;
  readonly origin: string;
  readonly roles: Readonly<Record<Exclude<RootRole, 'witness'>, Role>> & { readonly witness?: Role };
}

/** The unsigned document of a plan. A key that must not be enrolled: E_KEY; a plan that contradicts itself: E_ROOT, E_FORMAT. */
export function draftRoot({ version, expires, origin, roles }: RootPlan): Envelope {
  const keys = new Map<string, Uint8Array>();
  for (const name of ROOT_ROLES) {
    for (const key of roles[name]?.keys ?? []) {
      checkPublicKey(key);
      keys.set(fingerprint(key), key);
    }
  }
  const role = ({ keys: holders, threshold }: Role) => ({ keys: holders.map(fingerprint), threshold });
  const document = {
    type: 'root/1',
    version,
    expires: formatTime(expires),
    keys: [...keys.values()].map(formatPublicKey),
    roles: {
      root: role(roles.root),
      registrar: role(roles.registrar),
      log: { ...role(roles.log), origin },
      status: role(roles.status),
      ...(roles.witness === undefined ? {} : { witness: role(roles.witness) }),
    },
  } satisfies RootDocument;
  const payload = formatDocument(parseShape(RootDocument, document, 'the root', 'E_ROOT'));
  const draft = { payloadType: ROOT_PAYLOAD, payload: encodeBase64(payload), signatures: [] };
  readRoot(draft);
  return draft;
}

/** The plan by which a document was made, to be changed into that of its successor. */
export function planOf({ document, keys }: RootContents): RootPlan {
  const { roles, version, expires } = document;
  const role = (one: { keys: string[]; threshold: number }): Role => ({
    keys: one.keys.map((id) => keys.get(id)!),
    threshold: one.threshold,
  });
  return {
    version,
    expires: Date.parse(expires),
    origin: roles.log.origin,
    roles: {
      root: role(roles.root),
      registrar: role(roles.registrar),
      log: role(roles.log),
      status: role(roles.status),
      ...(roles.witness === undefined ? {} : { witness: role(roles.witness) }),
    },
  };
}

/** Who has to sign the draft: its own root keys, and those of the version before it, which must directly precede it. */
export function rootProgress(draft: Envelope, previous?: Envelope): Progress[] {
  const contents = readRoot(draft);
  const { version } = contents.document;
  const own = progressOf(draft, `root v${version}`, rootRole(contents));
  if (previous === undefined) return [own];
  const before = readRoot(previous);
  if (before.document.version + 1 !== version) {
    throw new SignetError('E_ROOT_ROTATION', 'the draft does not follow that root', {
      item: `root v${version}`,
      expected: `v${before.document.version + 1}`,
      actual: `v${version}`,
    });
  }
  return [progressOf(draft, `root v${version - 1}`, rootRole(before)), own];
}

/** Refuses with E_ROOT_UNTRUSTED a document that is not the one whose fingerprint was agreed on. */
export function requireFingerprint(draft: Envelope, agreed: string | undefined): void {
  const actual = rootFingerprint(draft);
  if (agreed === undefined || agreed === actual) return;
  throw new SignetError('E_ROOT_UNTRUSTED', 'this is not the root whose fingerprint was given', {
    item: 'root',
    expected: agreed,
    actual,
    fix: 'Compare the fingerprint with those who hold the other keys, by another way than this file came.',
  });
}

/** The finished root, signed by all who must. E_THRESHOLD, E_EXPIRED at `now`, the codes of `verifyRoot`. */
export function finishRoot(draft: Envelope, chain: readonly Envelope[], now: number): Envelope {
  const { version } = readRoot(draft).document;
  const item = `root v${version}`;
  requireMet(
    rootProgress(draft, chain.at(-1)),
    item,
    `registry root sign FILE --key NAME, by those who are missing`,
  );
  const envelope = draft;
  verifyRoot([...chain, envelope], rootFingerprint(chain[0] ?? envelope), now);
  return envelope;
}
