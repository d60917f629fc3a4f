// What must pass: the twins of the refusals, and what looks wrong and is not.

import { fingerprint, formatPublicKey, type KeyPair, keyPairFromSeed, sign } from '../../../keys/ed25519.ts';
import { sha256 } from '../../../keys/hash.ts';
import { archiveDigest } from '../../../registry/archive.ts';
import { signHead } from '../../../registry/log.ts';
import { DEFAULT_RULES } from '../../../registry/rules.ts';
import { cosign } from '../../../registry/witness.ts';
import { formatCheckpoint } from '../../../src/checkpoint.ts';
import { digestOf } from '../../../src/digest.ts';
import { createNoteSigner, signNote } from '../../../src/note.ts';
import { type BundleInput, DAY, PUBLISHER, REGISTRY_KEYS, START, STRANGER } from '../../registry/fixture.ts';
import {
  granted,
  NEXT_ROOT,
  NO_REVOCATIONS,
  ORIGIN,
  PIN,
  ROOT,
  ROOT_DOCUMENT,
  SECOND,
  signRoot,
} from '../scene.ts';
import type { Case } from '../vector.ts';

export const secondText = formatPublicKey(SECOND.publicKey);
export const publisherText = formatPublicKey(PUBLISHER.publicKey);
const publisherKey = { key: publisherText, fromIndex: 0 };

/** Two publishers, both of whom must sign. */
export const TWO = granted({ threshold: 2, keys: [publisherKey, { key: secondText, fromIndex: 0 }] });
/** Version 2, which hands over to the second publisher, signed by the first. */
export const handOver = granted({ version: 2, keys: [{ key: secondText, fromIndex: 1 }] }, [
  REGISTRY_KEYS.registrar,
  PUBLISHER,
]);
/** Version 2 by the registrar alone. */
export const recovery = granted({ version: 2, recovery: true, keys: [{ key: secondText, fromIndex: 0 }] });

/** Root version 2 with another root key. */
export const ROOT_2_DOCUMENT = {
  ...ROOT_DOCUMENT,
  version: 2,
  keys: [...ROOT_DOCUMENT.keys.slice(1), formatPublicKey(NEXT_ROOT.publicKey)],
  roles: { ...ROOT_DOCUMENT.roles, root: { keys: [fingerprint(NEXT_ROOT.publicKey)], threshold: 1 } },
};
export const ROOT_2 = signRoot(ROOT_2_DOCUMENT, [REGISTRY_KEYS.root, NEXT_ROOT]);

export const WITNESS_A = keyPairFromSeed(new Uint8Array(32).fill(9));
export const WITNESS_B = keyPairFromSeed(new Uint8Array(32).fill(10));
/** A root that requires two of two witnesses. */
export const WITNESSED_ROOT = signRoot({
  ...ROOT_DOCUMENT,
  keys: [...ROOT_DOCUMENT.keys, formatPublicKey(WITNESS_A.publicKey), formatPublicKey(WITNESS_B.publicKey)],
  roles: {
    ...ROOT_DOCUMENT.roles,
    witness: { keys: [WITNESS_A, WITNESS_B].map(({ publicKey }) => fingerprint(publicKey)), threshold: 2 },
  },
});
/** The signed head, cosigned by each in order at that time. */
export const cosignedBy =
  (witnesses: readonly KeyPair[], at = START) =>
  (head: { size: number; root: Uint8Array }): string =>
    witnesses.reduce(
      (note, witness, i) => cosign(note, `witness.example/w${i}`, witness, at),
      signHead(ORIGIN, head, REGISTRY_KEYS.log),
    );

/** A builder of the policy, with a key of its own. */
export const BUILDER = {
  id: 'https://example.com/builder',
  namespaces: ['local'],
  keys: [secondText],
  sources: ['https://example.com/local/*'],
};

/** The log's own signature with one of a stranger under a name of its own. */
const cosigned = (at: { size: number; root: Uint8Array }): string =>
  signNote(
    formatCheckpoint({ origin: ORIGIN, ...at }),
    [REGISTRY_KEYS.log, STRANGER].map((pair, i) =>
      createNoteSigner(sha256, {
        name: i === 0 ? ORIGIN : 'stranger.example/witness',
        publicKey: pair.publicKey,
        sign: (message) => sign(pair.secretKey, message),
      }),
    ),
  );

export const signetBundle = {
  bundle: { name: 'signet/hello' },
  namespaces: [granted({ namespace: 'signet' })],
};

export const VALID: readonly Case[] = [
  { id: 'release', about: 'a release as it should be, for installing', rows: [1] },
  { id: 'load', about: 'the same for loading', rows: [1], trust: { purpose: 'load' } },
  {
    id: 'asked',
    about: 'name, version and digest that were asked for are those of the release',
    rows: [9],
    asked: { name: 'local/hello', version: '1.0.0' },
  },
  {
    id: 'no-code',
    about: 'a bundle that is only a SKILL.md: no functions, no capabilities',
    rows: [],
    plan: { bundle: noCode({ 'skills/hello/SKILL.md': 'Greets.' }) },
  },
  {
    id: 'long-path',
    about: 'a path that needs a PAX record, an executable file, and a name that JavaScript’s objects have',
    rows: [22, 36],
    plan: {
      bundle: {
        files: { 'skills/größe/SKILL.md': 'x', 'skills/constructor/SKILL.md': 'x', 'skills/x/run.sh': '' },
      },
    },
  },
  {
    id: 'two-of-two',
    about: 'two publishers where two are required',
    rows: [7],
    plan: { namespaces: [TWO], publishers: [PUBLISHER, SECOND] },
  },
  {
    id: 'key-id',
    about: 'the right signature under a key id that says something else: ids are hints',
    rows: [17],
    plan: {
      finish: (proof) => {
        proof.release.envelope.signatures[0].keyid = fingerprint(STRANGER.publicKey);
        delete proof.provenance.signatures[0].keyid;
      },
    },
  },
  {
    id: 'rotated-root',
    about: 'a second root, signed by the thresholds of both',
    rows: [2],
    plan: { roots: [ROOT, ROOT_2] },
  },
  {
    id: 'pinned-later-root',
    about: 'the second root is the pinned one: what stands before it is not looked at',
    rows: [29],
    plan: {
      roots: [ROOT, ROOT_2],
      finish: (proof) => (proof.root[0].signatures[0].sig = Buffer.alloc(64).toString('base64')),
    },
    pin: { fingerprint: fingerprintOf(ROOT_2) },
  },
  {
    id: 'from-the-pinned-root-on',
    about: 'a chain that begins with the pinned second root',
    rows: [2, 29],
    plan: { roots: [ROOT, ROOT_2], finish: (proof) => proof.root.shift() },
    pin: { fingerprint: fingerprintOf(ROOT_2) },
  },
  {
    id: 'handed-over',
    about: 'a namespace whose keys changed hands, signed by the old key',
    rows: [30],
    plan: { namespaces: [granted(), handOver], publishers: [SECOND] },
  },
  {
    id: 'released-before-rotation',
    about: 'a key whose range ended after the release',
    rows: [26],
    plan: {
      namespaces: [
        granted(),
        granted(
          {
            version: 2,
            keys: [
              { ...publisherKey, untilIndex: 2 },
              { key: secondText, fromIndex: 2 },
            ],
          },
          [REGISTRY_KEYS.registrar, PUBLISHER],
        ),
      ],
      log: [0, 'release', 1],
    },
  },
  {
    id: 'recovery-confirmed',
    about: 'a recovery that the operator confirmed',
    rows: [30],
    plan: { namespaces: [granted(), recovery], publishers: [SECOND] },
    recover: ({ proof }) => ({
      recoveries: new Set([digestOf(sha256, Buffer.from(proof.namespace[1]!.envelope.payload, 'base64'))]),
    }),
  },
  {
    id: 'others-in-the-log',
    about: 'eleven entries, the release in the middle',
    rows: [11],
    plan: {
      log: [
        0,
        ...Array.from(
          { length: 5 },
          (_, i) => ({ type: 'revoke', digest: `sha256:${String(i).repeat(64)}`, reason: '' }) as const,
        ),
        'release',
        ...Array.from(
          { length: 4 },
          (_, i) => ({ type: 'revoke', digest: `sha256:${String(i).repeat(64)}`, reason: '' }) as const,
        ),
      ],
    },
  },
  {
    id: 'stranger-cosigned',
    about: 'a checkpoint that a stranger signed as well',
    rows: [],
    plan: { note: cosigned },
  },
  {
    id: 'extension-line',
    about: 'a checkpoint with an extension line, which means nothing',
    rows: [],
    plan: {
      note: (at) =>
        signNote(`${formatCheckpoint({ origin: ORIGIN, ...at })}extension\n`, [
          createNoteSigner(sha256, {
            name: ORIGIN,
            publicKey: REGISTRY_KEYS.log.publicKey,
            sign: (message) => sign(REGISTRY_KEYS.log.secretKey, message),
          }),
        ]),
    },
  },
  {
    id: 'seen-before',
    about: 'exactly what was seen before: root, checkpoint, namespace document',
    rows: [2, 12],
    pin: ({ proof }) => ({
      root: { version: 1, fingerprint: PIN },
      checkpoint: { origin: ORIGIN, size: 2, root: rootIn(proof.checkpoint), note: proof.checkpoint },
      namespaces: [
        {
          namespace: 'local',
          version: 1,
          document: digestOf(sha256, Buffer.from(proof.namespace[0]!.envelope.payload, 'base64')),
        },
      ],
    }),
  },
  {
    id: 'loaded-below-what-was-seen',
    about: 'loading an installed release whose proof is older than what was seen since',
    rows: [2, 31],
    trust: { purpose: 'load' },
    pin: { checkpoint: { origin: ORIGIN, size: 9, root: `sha256:${'0'.repeat(64)}`, note: '' } },
  },
  {
    id: 'another-revoked',
    about: 'another digest, and the key from a later index on, are revoked',
    rows: [27],
    plan: {
      revoked: {
        digests: [{ digest: `sha256:${'1'.repeat(64)}`, reason: 'x', index: 0 }],
        keys: [{ key: fingerprint(PUBLISHER.publicKey), fromIndex: 2, reason: 'x', index: 0 }],
      },
    },
  },
  {
    id: 'seven-days',
    about: 'a status of six days and 23 hours',
    rows: [4, 31],
    now: START + 7 * DAY - 3_600_000,
  },
  {
    id: 'load-after-a-month',
    about: 'loading with a status of thirty days: warned, not refused',
    rows: [31],
    trust: { purpose: 'load' },
    now: START + 30 * DAY,
  },
  {
    id: 'no-provenance',
    about: 'none, and the policy does not require it',
    rows: [28],
    plan: { provenance: null },
    trust: { provenanceRequired: false },
  },
  {
    id: 'witnessed',
    about: 'two witnesses of the root cosigned the checkpoint, under names of their own',
    rows: [12],
    plan: { roots: [WITNESSED_ROOT], note: cosignedBy([WITNESS_A, WITNESS_B]) },
    pin: { fingerprint: fingerprintOf(WITNESSED_ROOT) },
  },
  {
    id: 'builder-named',
    about: 'a builder that the policy names, with its own key and a source of its list',
    rows: [28],
    plan: {
      provenance: {
        signers: [SECOND],
        change: (statement) => ({
          ...statement,
          predicate: {
            ...statement.predicate,
            runDetails: { ...statement.predicate.runDetails, builder: { id: BUILDER.id } },
          },
        }),
      },
    },
    trust: { rules: { ...DEFAULT_RULES, provenance: { required: true, builders: [BUILDER] } } },
  },
  {
    id: 'rules',
    about: 'a licence that the policy allows, and none of the capabilities that it denies',
    rows: [],
    trust: {
      rules: {
        ...DEFAULT_RULES,
        licences: { allow: ['Apache-2.0'], deny: [] },
        capabilities: { deny: ['exec'] },
      },
    },
  },
  {
    id: 'first-party',
    about: 'a first-party bundle whose digest the package pins',
    rows: [29],
    plan: signetBundle,
    trust: { registries: [] },
    recover: ({ archive }) => signetTrust(archiveDigest(archive)),
  },
  {
    id: 'required-installed',
    about: 'what it requires is installed in a version of the range',
    rows: [33],
    plan: { bundle: { signet: { requires: { 'parser/lines': '^1.2.0' } } } },
    trust: { provided: new Map([['parser/lines', ['1.0.0', '1.2.5']]]) },
  },
];

export function fingerprintOf(envelope: typeof ROOT): string {
  return fingerprint(Buffer.from(envelope.payload, 'base64'));
}

function rootIn(note: string): string {
  return `sha256:${Buffer.from(note.split('\n')[2]!, 'base64').toString('hex')}`;
}

/** A policy that maps `signet` to the local registry, and a package that pins that digest. */
export function signetTrust(digest: string) {
  const pin = {
    fingerprint: PIN,
    local: true,
    root: null,
    checkpoint: null,
    status: null,
    namespaces: [],
    revoked: NO_REVOCATIONS,
  };
  return {
    registries: [{ name: 'home', root: PIN, namespaces: ['signet'], pin }],
    firstParty: {
      type: 'first-party/1' as const,
      bundles: [{ name: 'signet/hello', version: '1.0.0', digest }],
    },
  };
}

/** A bundle without functions, code and capabilities. */
export function noCode(files: Record<string, string>): BundleInput {
  return { signet: { provides: [], capabilities: [], main: undefined } as never, files };
}
