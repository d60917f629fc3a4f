// What we sign and pack, judged by others: OpenSSL, sigstore's verifier (DSSE, checkpoint, inclusion), TUF's threshold, RFC 6962 by
// its own definitions, GNU tar and Python's tarfile; and the worked examples of C2SP. An oracle that this machine does not have
// is skipped, and counted as skipped.
import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFromJSON, toDSSEBundle } from '@sigstore/bundle';
import { dsse } from '@sigstore/core';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { Key, Metadata, Root } from '@tufjs/models';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { fingerprint, type KeyPair, sign, verify, verifyBoth } from '../../keys/ed25519.ts';
import { preAuthEncoding, signEnvelope, verifyEnvelope } from '../../keys/envelope.ts';
import { sha256 } from '../../keys/hash.ts';
import { verifyRoot } from '../../keys/root.ts';
import { packArchive, readArchive } from '../../registry/archive.ts';
import { signHead } from '../../registry/log.ts';
import { cosign, readCosignatures } from '../../registry/witness.ts';
import { decodeBase64 } from '../../src/base64.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/checkpoint.ts';
import type { Envelope } from '../../src/contracts/statement.ts';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/merkle.ts';
import { formatNote, keyHash, parseNote } from '../../src/note.ts';
import { tilePath } from '../../src/tile-paths.ts';
import { make, ORIGIN, ROOT, ROOT_DOCUMENT, signRoot } from '../vectors/scene.ts';
import { key, PUBLISHER, REGISTRY_KEYS, START, STRANGER } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-oracle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const file = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const keyObject = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
const pem = (publicKey: Uint8Array): string =>
  keyObject(publicKey).export({ format: 'pem', type: 'spki' }).toString();
const { archive: ARCHIVE, proof: PROOF } = make();

/** Every envelope of a release, with the key that signed it. */
const ENVELOPES: [string, Envelope, KeyPair][] = [
  ['root', PROOF.root[0]!, REGISTRY_KEYS.root],
  ['namespace document', PROOF.namespace[0]!.envelope, REGISTRY_KEYS.registrar],
  ['release statement', PROOF.release.envelope, PUBLISHER],
  ['provenance', PROOF.provenance!, PUBLISHER],
  ['status', PROOF.status, REGISTRY_KEYS.status],
];

describe.skipIf(!has('openssl', 'version'))('OpenSSL (skipped where there is none)', () => {
  const pkeyutl = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    has(
      ...(['openssl', 'pkeyutl', '-verify', '-pubin', '-rawin'] as const),
      ...['-inkey', file('key.pem', pem(publicKey))],
      ...['-in', file('message', message), '-sigfile', file('signature', signature)],
    );

  test.each(ENVELOPES)(
    'pkeyutl verifies the DSSE bytes of the %s, by that key only',
    (_, envelope, signer) => {
      const message = preAuthEncoding(envelope.payloadType, decodeBase64(envelope.payload));
      const signature = decodeBase64(envelope.signatures[0]!.sig);
      expect(pkeyutl(signer.publicKey, message, signature)).toBe(true);
      expect(pkeyutl(STRANGER.publicKey, message, signature)).toBe(false);
      expect(pkeyutl(signer.publicKey, decodeBase64(envelope.payload), signature)).toBe(false);
    },
  );

  test('pkeyutl verifies the text of a checkpoint, and what OpenSSL signs verifies here', () => {
    const { text, signatures } = parseNote(PROOF.checkpoint);
    expect(pkeyutl(REGISTRY_KEYS.log.publicKey, Buffer.from(text), signatures[0]!.signature)).toBe(true);
    const made = spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-outform', 'PEM']).stdout;
    const secret = file('secret.pem', made);
    const publicKey = spawnSync('openssl', [
      'pkey',
      '-in',
      secret,
      '-pubout',
      '-outform',
      'DER',
    ]).stdout.subarray(-32);
    const message = file('theirs', 'signed elsewhere');
    const signature = spawnSync('openssl', [
      'pkeyutl',
      '-sign',
      '-rawin',
      '-inkey',
      secret,
      '-in',
      message,
    ]).stdout;
    expect(verifyBoth(publicKey, Buffer.from('signed elsewhere'), signature)).toBe(true);
    expect(verifyBoth(publicKey, Buffer.from('signed elsewhere!'), signature)).toBe(false);
  });

  test('its SHA-256 of an archive is the archive’s identity', () => {
    const { stdout } = spawnSync('openssl', ['dgst', '-sha256', '-r', file('archive.tar', ARCHIVE)]);
    const payload = decodeBase64(PROOF.release.envelope.payload);
    const { subject } = JSON.parse(Buffer.from(payload).toString()) as {
      subject: { digest: { sha256: string } }[];
    };
    expect(stdout.toString().slice(0, 64)).toBe(subject[0]!.digest.sha256);
  });
});

describe('sigstore’s verifier', () => {
  /** The envelope as a sigstore bundle, verified by @sigstore/verify under one trusted key. */
  function sigstore(envelope: Envelope, publicKey: Uint8Array): void {
    const { payloadType, payload, signatures } = envelope;
    const bundle = toDSSEBundle({
      artifact: Buffer.from(payload, 'base64'),
      artifactType: payloadType,
      signature: Buffer.from(signatures[0]!.sig, 'base64'),
      keyHint: signatures[0]!.keyid ?? '',
    });
    expect(Buffer.from(payload, 'base64').equals(bundle.content.dsseEnvelope.payload)).toBe(true);
    const verifier = new Verifier(
      {
        certificateAuthorities: [],
        timestampAuthorities: [],
        tlogs: [],
        ctlogs: [],
        publicKey: () => ({ publicKey: keyObject(publicKey), validFor: () => true }),
      },
      { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
    );
    verifier.verify(toSignedEntity(bundle));
  }

  test('its pre-authentication encoding is ours, for any type and payload', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array(), (type, payload) => {
        expect(
          Buffer.from(preAuthEncoding(type, payload)).equals(
            dsse.preAuthEncoding(type, Buffer.from(payload)),
          ),
        ).toBe(true);
      }),
    );
  });

  test.each(ENVELOPES)(
    'it verifies our %s, and not with one bit changed or by another key',
    (_, envelope, signer) => {
      expect(() => sigstore(envelope, signer.publicKey)).not.toThrow();
      expect(() => sigstore(envelope, STRANGER.publicKey)).toThrow('signature verification failed');
      const payload = Buffer.from(envelope.payload, 'base64');
      payload[0]! ^= 1;
      const changed = { ...envelope, payload: payload.toString('base64') };
      expect(() => sigstore(changed, signer.publicKey)).toThrow('signature verification failed');
      expect(() => sigstore({ ...envelope, payloadType: 'x' }, signer.publicKey)).toThrow(
        'signature verification failed',
      );
    },
  );

  test('for random payloads, keys and changes it judges as we do', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(2), fc.nat(600), (payload, by, bit) => {
        const envelope = signEnvelope('application/test', payload, [key(20 + by)]);
        const signature = Buffer.from(envelope.signatures[0]!.sig, 'base64');
        if (bit < 512) signature[bit >> 3]! ^= 1 << (bit & 7);
        envelope.signatures[0]!.sig = signature.toString('base64');
        const keys = [key(20).publicKey];
        const judge = (call: () => unknown): boolean => {
          try {
            call();
            return true;
          } catch {
            return false;
          }
        };
        const required = { item: 'x', payloadType: 'application/test', keys, threshold: 1, verify };
        const ours = judge(() => verifyEnvelope(envelope, required));
        expect(ours).toBe(judge(() => sigstore(envelope, keys[0]!)));
        expect(ours).toBe(by === 0 && bit >= 512);
      }),
      { numRuns: 60 },
    );
  });

  test('a bundle file that sigstore would read holds our envelope unchanged', () => {
    const { payloadType, payload, signatures } = PROOF.release.envelope;
    const bundle = bundleFromJSON({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: 'x' }, tlogEntries: [] },
      dsseEnvelope: {
        payloadType,
        payload,
        signatures: signatures.map(({ sig, keyid }) => ({ sig, keyid: keyid ?? '' })),
      },
    });
    expect(() => toSignedEntity(bundle)).not.toThrow();
    if (bundle.content.$case !== 'dsseEnvelope') throw new Error('no envelope');
    expect(bundle.content.dsseEnvelope.payload.toString('base64')).toBe(payload);
  });

  // Not exported, but the part of sigstore that reads other people's logs.
  interface TlogModule {
    verifyTLogInclusion(entry: object, authorities: object[]): void;
  }
  const { verifyTLogInclusion } = createRequire(import.meta.url)(
    '@sigstore/verify/dist/tlog/index.js',
  ) as TlogModule;
  const authority = (publicKey: Uint8Array) => ({
    logID: Buffer.from(keyHash(sha256, ORIGIN, publicKey)),
    publicKey: keyObject(publicKey),
    baseURL: `https://${ORIGIN}`,
    validFor: { start: new Date(0), end: new Date(8.64e15) },
  });
  const inclusion = ({ index, entry, hashes }: typeof PROOF.release.inclusion, note = PROOF.checkpoint) => ({
    canonicalizedBody: Buffer.from(entry, 'base64'),
    inclusionProof: {
      logIndex: String(index),
      hashes: hashes.map((hash) => Buffer.from(hash, 'base64')),
      checkpoint: { envelope: note },
    },
  });

  test('it finds release and namespace document in our log, under our checkpoint', () => {
    const log = [authority(REGISTRY_KEYS.log.publicKey)];
    expect(() => verifyTLogInclusion(inclusion(PROOF.release.inclusion), log)).not.toThrow();
    expect(() => verifyTLogInclusion(inclusion(PROOF.namespace[0]!.inclusion), log)).not.toThrow();
    const swapped = { ...PROOF.release.inclusion, index: 0 };
    expect(() => verifyTLogInclusion(inclusion(swapped), log)).toThrow(/root hash|hash count/);
    expect(() =>
      verifyTLogInclusion(inclusion(PROOF.release.inclusion), [authority(STRANGER.publicKey)]),
    ).toThrow('checkpoint');
  });

  test('it agrees on inclusion proofs of trees of any size, and on wrong ones', () => {
    const log = [authority(REGISTRY_KEYS.log.publicKey)];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(3), (size, at, wrong) => {
        const entries = Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`));
        const leaves = entries.map((entry) => leafHash(sha256, entry));
        const index = at % size;
        const hashes = inclusionProof(sha256, leaves, index, size);
        if (wrong === 1) hashes.push(leaves[0]!);
        if (wrong === 2) hashes.pop();
        const root = rootOf(sha256, leaves);
        const note = signHead(ORIGIN, { size, root }, REGISTRY_KEYS.log);
        const shown = wrong === 3 ? (index + 1) % (size + 1) : index;
        const proof = {
          index: shown,
          entry: entries[index]!.toString('base64'),
          hashes: hashes.map((h) => Buffer.from(h).toString('base64')),
        };
        const judge = (call: () => unknown): boolean => {
          try {
            call();
            return true;
          } catch {
            return false;
          }
        };
        const theirs = judge(() => verifyTLogInclusion(inclusion(proof, note), log));
        const ours = judge(() =>
          verifyInclusion(sha256, { index: shown, size, leaf: leaves[index]!, proof: hashes, root }),
        );
        expect(ours).toBe(theirs);
        if (wrong === 0) expect(ours).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('RFC 6962 by its own definitions', () => {
  const hash = (...parts: Uint8Array[]): Buffer => {
    const digest = createHash('sha256');
    for (const part of parts) digest.update(part);
    return digest.digest();
  };
  /** The largest power of two smaller than n. */
  const split = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);
  const mth = (d: Buffer[]): Buffer => {
    if (d.length === 0) return hash();
    if (d.length === 1) return hash(Buffer.of(0), d[0]!);
    const k = split(d.length);
    return hash(Buffer.of(1), mth(d.slice(0, k)), mth(d.slice(k)));
  };
  const path = (m: number, d: Buffer[]): Buffer[] => {
    if (d.length === 1) return [];
    const k = split(d.length);
    return m < k
      ? [...path(m, d.slice(0, k)), mth(d.slice(k))]
      : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
  };
  const subproof = (m: number, d: Buffer[], whole: boolean): Buffer[] => {
    if (m === d.length) return whole ? [] : [mth(d)];
    const k = split(d.length);
    return m <= k
      ? [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))]
      : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
  };
  const equal = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
    a.length === b.length && a.every((bytes, i) => Buffer.compare(bytes, b[i]!) === 0);

  test('roots, audit paths and consistency proofs are those of sections 2.1 to 2.1.2, and verify', () => {
    for (let size = 1; size <= 40; size++) {
      const d = Array.from({ length: size }, (_, i) => Buffer.from(`${i}`));
      const leaves = d.map((entry) => leafHash(sha256, entry));
      const root = mth(d);
      expect(equal([rootOf(sha256, leaves)], [root])).toBe(true);
      for (let m = 0; m < size; m++) {
        const proof = inclusionProof(sha256, leaves, m, size);
        expect(equal(proof, path(m, d))).toBe(true);
        verifyInclusion(sha256, { index: m, size, leaf: leaves[m]!, proof, root });
        const growth = consistencyProof(sha256, leaves, m + 1, size);
        expect(equal(growth, subproof(m + 1, d, true))).toBe(true);
        verifyConsistency(sha256, {
          size1: m + 1,
          size2: size,
          root1: mth(d.slice(0, m + 1)),
          root2: root,
          proof: growth,
        });
      }
    }
  });
});

describe('the threshold of a TUF root', () => {
  const PAIRS = [30, 31, 32, 33].map(key);
  const tufKeys = Object.fromEntries(
    PAIRS.map(({ publicKey }) => [
      fingerprint(publicKey),
      new Key({
        keyID: fingerprint(publicKey),
        keyType: 'ed25519',
        scheme: 'ed25519',
        keyVal: { public: Buffer.from(publicKey).toString('hex') },
      }),
    ]),
  );
  const subset = fc.subarray(PAIRS, { minLength: 1 });
  interface Version {
    readonly listed: readonly KeyPair[];
    readonly threshold: number;
  }
  const version = subset.chain((listed) =>
    fc.record({ listed: fc.constant(listed), threshold: fc.integer({ min: 1, max: listed.length }) }),
  );
  const tuf = ({ listed, threshold }: Version, number: number): Metadata<Root> =>
    new Metadata(
      Root.fromJSON({
        _type: 'root',
        spec_version: '1.0.0',
        version: number,
        expires: '2030-01-01T00:00:00Z',
        consistent_snapshot: false,
        keys: Object.fromEntries(Object.entries(tufKeys).map(([id, value]) => [id, value.toJSON()])),
        roles: Object.fromEntries(
          ['root', 'timestamp', 'snapshot', 'targets'].map((role) => [
            role,
            { keyids: listed.map(({ publicKey }) => fingerprint(publicKey)), threshold },
          ]),
        ),
      }) as Root,
    );
  const ours = ({ listed, threshold }: Version, number: number): object => ({
    ...ROOT_DOCUMENT,
    version: number,
    keys: [
      ...new Set([
        ...ROOT_DOCUMENT.keys.slice(1),
        ...PAIRS.map(({ publicKey }) => `ed25519:${Buffer.from(publicKey).toString('base64')}`),
      ]),
    ],
    roles: {
      ...ROOT_DOCUMENT.roles,
      root: { keys: listed.map(({ publicKey }) => fingerprint(publicKey)), threshold },
    },
  });

  test('a rotation counts for us exactly where it counts for TUF: the thresholds of both versions', () => {
    let counted = 0;
    fc.assert(
      fc.property(version, version, fc.subarray(PAIRS), (first, second, signers) => {
        const [one, two] = [tuf(first, 1), tuf(second, 2)];
        for (const { publicKey, secretKey } of signers) {
          two.sign(
            (bytes) =>
              ({
                keyID: fingerprint(publicKey),
                sig: Buffer.from(sign(secretKey, bytes)).toString('hex'),
              }) as never,
          );
        }
        let theirs = true;
        try {
          one.verifyDelegate('root', two);
          two.verifyDelegate('root', two);
        } catch {
          theirs = false;
        }
        const v1 = signRoot(ours(first, 1), first.listed);
        const pinned = fingerprint(Buffer.from(v1.payload, 'base64'));
        let mine = true;
        try {
          // An envelope has at least one signature: a stranger's counts for nothing.
          verifyRoot([v1, signRoot(ours(second, 2), [...signers, STRANGER])], pinned, START);
        } catch {
          mine = false;
        }
        expect(mine).toBe(theirs);
        if (mine) counted++;
      }),
      { numRuns: 40 },
    );
    expect(counted).toBeGreaterThan(5);
  });
});

describe('other readers of tar', () => {
  const FILES = {
    'plugin.json': '{}',
    'dev.signet/main.js': 'x'.repeat(513),
    'skills/größe/SKILL.md': 'é',
    [`skills/${'a'.repeat(60)}/${'b'.repeat(60)}/SKILL.md`]: 'split',
    'skills/run.sh': '',
  };
  const archive = packArchive(
    Object.entries(FILES).map(([path, text]) => ({
      path,
      bytes: Buffer.from(text),
      executable: path.endsWith('.sh'),
    })),
  );
  const expected = [...readArchive(archive)].map(
    ([path, { bytes, mode }]) =>
      `${path} ${bytes.length} ${mode.toString(8)} ${createHash('sha256').update(bytes).digest('hex')}`,
  );

  test.skipIf(!has('tar', '--version'))('GNU tar lists the same names, sizes and modes', () => {
    const { stdout, stderr } = spawnSync(
      'tar',
      [
        '--list',
        '--verbose',
        '--numeric-owner',
        '--utc',
        '--quoting-style=literal',
        '--file',
        file('a.tar', archive),
      ],
      {
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      },
    );
    expect(stderr.toString()).toBe('');
    const lines = stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [mode, owner, size, date, time, ...name] = line.split(/ +/);
        expect([owner, date, time]).toEqual(['0/0', '1970-01-01', '00:00']);
        return `${name.join(' ')} ${size} ${mode === '-rwxr-xr-x' ? '755' : mode === '-rw-r--r--' ? '644' : mode}`;
      });
    expect(lines).toEqual(expected.map((line) => line.slice(0, line.lastIndexOf(' '))));
  });

  test.skipIf(!has('python3', '-c', 'import tarfile'))(
    'Python’s tarfile reads the same files, byte for byte',
    () => {
      const script = [
        'import hashlib, sys, tarfile',
        'with tarfile.open(sys.argv[1]) as tar:',
        '  for m in tar:',
        '    assert m.isreg() and (m.uid, m.gid, m.mtime, m.uname, m.linkname) == (0, 0, 0, "", "")',
        '    b = tar.extractfile(m).read()',
        '    sys.stdout.buffer.write(f"{m.name} {m.size} {m.mode:o} {hashlib.sha256(b).hexdigest()}\\n".encode())',
      ].join('\n');
      const { stdout, stderr } = spawnSync('python3', ['-c', script, file('b.tar', archive)]);
      expect(stderr.toString()).toBe('');
      expect(stdout.toString().trimEnd().split('\n')).toEqual(expected);
    },
  );
});

describe('C2SP’s worked examples', () => {
  const CHECKPOINT = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
  const LOG_LINE =
    '\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
  const WITNESS_LINE =
    '\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';

  test('signed-note: text with an empty line, one signature, key ID 367ba04b', () => {
    const text =
      'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n';
    const note = `${text}\n\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n`;
    const parsed = parseNote(note);
    expect(parsed.text).toBe(text);
    expect(Buffer.from(parsed.signatures[0]!.keyHash).toString('hex')).toBe('367ba04b');
    expect(parsed.signatures[0]!.signature).toHaveLength(64);
    expect(formatNote(parsed.text, parsed.signatures)).toBe(note);
  });

  test('tlog-checkpoint: origin, size and root', () => {
    const { text, signatures } = parseNote(`${CHECKPOINT}\n${LOG_LINE}`);
    const checkpoint = parseCheckpoint(text);
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
    expect(formatCheckpoint(checkpoint)).toBe(text);
    expect(signatures[0]!.signature).toHaveLength(64);
  });

  test('tlog-cosignature: the example’s time is 1679315147, and 72 bytes follow the key ID', () => {
    const { signatures } = parseNote(`${CHECKPOINT}\n${LOG_LINE}${WITNESS_LINE}`);
    const { name, signature } = signatures[1]!;
    expect(name).toBe('witness.example.com/w1');
    expect(signature).toHaveLength(72);
    expect(Buffer.from(signature).readBigUInt64BE()).toBe(1_679_315_147n);
  });

  test('tlog-cosignature: what is signed, byte by byte; the key ID is of type 0x04', () => {
    const witness = key(40);
    const note = signHead(ORIGIN, { size: 2, root: new Uint8Array(32) }, REGISTRY_KEYS.log);
    const signed = cosign(note, 'witness.example.com/w1', witness, 1_679_315_147_999);
    const { text, signatures } = parseNote(signed);
    expect(signed.startsWith(note)).toBe(true);
    const { keyHash: id, signature } = signatures[1]!;
    const hashed = createHash('sha256').update(
      Buffer.concat([Buffer.from('witness.example.com/w1\n\x04'), witness.publicKey]),
    );
    expect(Buffer.from(id).equals(hashed.digest().subarray(0, 4))).toBe(true);
    expect(Buffer.from(signature).readBigUInt64BE()).toBe(1_679_315_147n);
    const message = Buffer.from(`cosignature/v1\ntime 1679315147\n${text}`);
    expect(verifyBoth(witness.publicKey, message, signature.subarray(8))).toBe(true);
    expect(readCosignatures(signed, [witness.publicKey], verify)).toEqual([
      { name: 'witness.example.com/w1', key: witness.publicKey, at: 1_679_315_147_000 },
    ]);
  });

  test('tlog-tiles: paths of the specification', () => {
    expect(tilePath(0, 1_234_067, 256)).toBe('tile/0/x001/x234/067');
    expect(tilePath('entries', 1_234_067, 112)).toBe('tile/entries/x001/x234/067.p/112');
    // The tree of 70,000 entries.
    expect(tilePath(0, 273, 112)).toBe('tile/0/273.p/112');
    expect(tilePath(1, 1, 17)).toBe('tile/1/001.p/17');
    expect(tilePath(2, 0, 1)).toBe('tile/2/000.p/1');
  });
});

test('the root of these tests is the one that the vectors pin', () => {
  expect(verifyRoot([ROOT], fingerprint(Buffer.from(ROOT.payload, 'base64')), START).version).toBe(1);
});
