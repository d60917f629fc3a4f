// What holds for every document, every bit and every order (THREATS.md 1, 6, 18, 21): parse and format are inverses; a flipped bit is
// refused or says nothing; entries in another order are refused; and no bytes make a parser throw anything but a coded error.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDocument, parseDocument } from '../../keys/document.ts';
import { fingerprint, formatPublicKey, parsePublicKey, verify } from '../../keys/ed25519.ts';
import { parseEnvelope, signEnvelope, verifyEnvelope } from '../../keys/envelope.ts';
import { sha256 } from '../../keys/hash.ts';
import { PinKey } from '../../keys/pin-key.ts';
import { verifyRoot } from '../../keys/root.ts';
import { packArchive, readArchive } from '../../registry/archive.ts';
import { fetchRelease, verifyFetched } from '../../registry/fetch.ts';
import { install } from '../../registry/install.ts';
import { loadBundle } from '../../registry/load.ts';
import { readLockfile, writeLockfile } from '../../registry/lockfile.ts';
import { formatEntry } from '../../registry/log.ts';
import { readManifest } from '../../registry/manifest.ts';
import { readNamespace } from '../../registry/namespace.ts';
import { parsePolicy } from '../../registry/policy.ts';
import { formatProof, parseProof } from '../../registry/proof.ts';
import { parseProvenance, parseRelease } from '../../registry/statement.ts';
import { DirectoryTransport } from '../../registry/transport.ts';
import { TrustStore } from '../../registry/trust.ts';
import { verifyRelease } from '../../registry/verify.ts';
import { readCosignatures } from '../../registry/witness.ts';
import { formatYaml, parseYaml } from '../../registry/yaml.ts';
import { decodeBase64, encodeBase64 } from '../../src/base64.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/checkpoint.ts';
import {
  FilesDocument,
  LogEntry,
  NamespaceDocument,
  ReleaseStatement,
  RootDocument,
  StatusDocument,
} from '../../src/contracts/statement.ts';
import { TrustFile } from '../../src/contracts/trust.ts';
import { SignetError } from '../../src/error.ts';
import { canonicalJson, parseJson } from '../../src/json.ts';
import { formatNote, parseNote, verifyNote } from '../../src/note.ts';
import { parseShape } from '../../src/shape.ts';
import { parseBundle, parseTile } from '../../src/tile-paths.ts';
import { make, PIN, trustOf } from '../vectors/scene.ts';
import * as arbitrary from './arbitraries.ts';
import { createWorld, key, PUBLISHER, REGISTRY_KEYS, START, type World } from './fixture.ts';

let world: World;
beforeAll(() => {
  world = createWorld();
  world.publish({ files: { 'bin/run.sh': 'true\n' } });
  install(world.project, 'local/hello');
});
afterAll(() => world.close());

const { archive: ARCHIVE, proof: PROOF } = make({ bundle: { files: { 'bin/run.sh': 'true\n' } } });
const PROOF_BYTES = formatProof(PROOF);
const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

describe('parse and format are inverses', () => {
  const DOCUMENTS: [string, fc.Arbitrary<object>, (bytes: Uint8Array) => object][] = [
    ['root/1', arbitrary.root, (bytes) => parseDocument(RootDocument, bytes, 'root/1', 'x')],
    [
      'namespace/1',
      arbitrary.namespace,
      (bytes) => parseDocument(NamespaceDocument, bytes, 'namespace/1', 'x'),
    ],
    ['status/1', arbitrary.status, (bytes) => parseDocument(StatusDocument, bytes, 'status/1', 'x')],
    ['proof/1', arbitrary.proof, parseProof],
    ['an envelope', arbitrary.envelope, (bytes) => parseEnvelope(bytes, 'x')],
    ['a release statement', arbitrary.release, parseRelease],
  ];
  test.each(DOCUMENTS)('%s: the value, and the bytes', (_, documents, parse) => {
    fc.assert(
      fc.property(documents, (document) => {
        const bytes = formatDocument(document);
        const parsed = parse(bytes);
        expect(parsed).toEqual(document);
        expect(parse(formatDocument(parsed))).toEqual(document);
      }),
      { numRuns: 60 },
    );
  });

  test('a proof bundle and a log entry come out as the very bytes that went in', () => {
    fc.assert(
      fc.property(arbitrary.proof, arbitrary.entry, (proof, entry) => {
        const bytes = formatProof(proof);
        expect(utf8(formatProof(parseProof(bytes)))).toBe(utf8(bytes));
        const logged = formatEntry(entry);
        const read = parseShape(LogEntry, parseJson(logged), 'x');
        expect(read).toEqual(entry);
        expect(utf8(formatEntry(read))).toBe(utf8(logged));
      }),
      { numRuns: 60 },
    );
  });

  test('the real release, provenance, root, namespace document and status', () => {
    const { root, namespace, release, provenance, status } = PROOF;
    for (const { payload } of [root[0]!, namespace[0]!.envelope, release.envelope, provenance!, status]) {
      expect(utf8(formatDocument(parseJson(decodeBase64(payload)) as object))).toBe(
        utf8(decodeBase64(payload)),
      );
    }
    expect(parseProvenance(formatDocument(parseProvenance(decodeBase64(provenance!.payload))))).toEqual(
      parseProvenance(decodeBase64(provenance!.payload)),
    );
  });

  test('the lockfile', () => {
    const path = join(world.directory, 'inverse.lock.json');
    fc.assert(
      fc.property(
        fc.uniqueArray(arbitrary.locked, { selector: ({ name }) => name, maxLength: 3 }),
        (bundles) => {
          writeLockfile(path, bundles);
          const first = readFileSync(path, 'utf8');
          const read = readLockfile(path);
          expect(read).toEqual([...bundles].sort((a, b) => (a.name < b.name ? -1 : 1)));
          writeLockfile(path, read);
          expect(readFileSync(path, 'utf8')).toBe(first);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('trust.json', () => {
    const folder = join(world.directory, 'inverse-trust');
    const store = new TrustStore(folder, join(world.directory, 'config'));
    store.pinRoot(PIN, true);
    fc.assert(
      fc.property(
        fc.uniqueArray(arbitrary.pinned, { selector: (root) => root.fingerprint, maxLength: 3 }),
        (drawn) => {
          const key = new PinKey(join(world.directory, 'config'));
          const roots = drawn.map((root) => ({
            ...root,
            mac: key.seal(`signet pin/1\n${root.fingerprint}\n${root.local}\n`),
          }));
          writeFileSync(join(folder, 'trust.json'), formatDocument({ type: 'trust/1', roots }));
          expect(store.roots()).toEqual(roots);
          const again = TrustFile.parse(JSON.parse(readFileSync(join(folder, 'trust.json'), 'utf8')));
          expect(again.roots).toEqual(roots);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('notes, checkpoints, keys, base64, YAML', () => {
    const head = fc.record({
      origin: fc.string({ minLength: 1, unit: 'grapheme-ascii' }),
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    fc.assert(
      fc.property(
        head,
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.uint8Array(),
        (checkpoint, signature, bytes) => {
          const text = formatCheckpoint(checkpoint);
          expect(parseCheckpoint(text)).toEqual(checkpoint);
          const note = formatNote(text, [
            {
              name: 'a',
              keyHash: bytes.slice(0, 4).length === 4 ? bytes.slice(0, 4) : new Uint8Array(4),
              signature,
            },
          ]);
          const parsed = parseNote(note);
          expect(formatNote(parsed.text, parsed.signatures)).toBe(note);
          expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
        },
      ),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 250 }), fc.jsonValue({ maxDepth: 4 }), (seed, value) => {
        const { publicKey } = key(seed);
        expect(parsePublicKey(formatPublicKey(publicKey))).toEqual(publicKey);
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        if (!JSON.stringify(plain).includes('__proto__'))
          expect(parseYaml(formatYaml(plain), 'x')).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  test('FILES.json and the archive', () => {
    const part = fc.stringMatching(/^[a-zé][a-z0-9é]{0,12}$/);
    const file = fc.record({
      path: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `${parts.join('/')}.x`),
      bytes: fc.uint8Array({ maxLength: 700 }),
      executable: fc.boolean(),
    });
    const fold = (path: string): string => path.normalize('NFKC').toUpperCase();
    const files = fc.uniqueArray(file, { selector: ({ path }) => fold(path), maxLength: 6 });
    fc.assert(
      fc.property(files, (list) => {
        const archive = packArchive(list);
        const read = readArchive(archive);
        const again = [...read].filter(([path]) => path !== 'FILES.json');
        expect(
          Buffer.compare(
            packArchive(
              again.map(([path, { bytes, mode }]) => ({ path, bytes, executable: mode === 0o755 })),
            ),
            archive,
          ),
        ).toBe(0);
        const stated = utf8(read.get('FILES.json')!.bytes);
        expect(canonicalJson(parseDocument(FilesDocument, Buffer.from(stated), 'files/1', 'x'))).toBe(stated);
      }),
      { numRuns: 40 },
    );
  });
});

/*
 * Any single flipped bit is refused, or says nothing:
 * - in an archive: every bit is refused;
 * - in a proof bundle: every bit is refused but those of key ids (hints: keys are tried by their bytes);
 * - in a registry's files: what is delivered is refused, or is exactly what was published. An index is a hint where to look, a key
 *   id another;
 * - in an installed bundle: every bit of every file is refused, of its proof all but key ids;
 * - in the lockfile: every bit is refused but white space, and a `size` or `namespaceVersion` that is only made smaller;
 * - in trust.json, which is the operator's own and signed by no one: what it pins is refused when it is changed; what it remembers
 *   can be weakened by whoever can write it, and is of a valid shape or refused.
 */
describe('a flipped bit', () => {
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
    const changed = Uint8Array.from(bytes);
    changed[at >> 3]! ^= 1 << (at & 7);
    return changed;
  };
  const bitOf = (bytes: Uint8Array) => fc.nat(bytes.length * 8 - 1);
  const withoutHints = (bytes: Uint8Array): string =>
    Buffer.from(bytes)
      .toString('latin1')
      .replace(/"keyid": ?"[^"]*",?/g, '');
  const load = trustOf({ purpose: 'load' });

  test('of the archive is refused, whatever it is', () => {
    expect(verifyRelease(ARCHIVE, PROOF_BYTES, load, START).ok).toBe(true);
    fc.assert(
      fc.property(bitOf(ARCHIVE), (at) => {
        const { ok, code } = verifyRelease(flipped(ARCHIVE, at), PROOF_BYTES, load, START);
        expect({ ok, code }).toEqual({ ok: false, code: expect.stringMatching(/^E_(?!INTERNAL)/) });
      }),
      { numRuns: 400 },
    );
  });

  test('of the proof bundle is refused, unless it is one of a key id', () => {
    fc.assert(
      fc.property(bitOf(PROOF_BYTES), (at) => {
        const changed = flipped(PROOF_BYTES, at);
        const { ok, code } = verifyRelease(ARCHIVE, changed, load, START);
        if (ok) expect(withoutHints(changed)).toBe(withoutHints(PROOF_BYTES));
        else expect(code).not.toBe('E_INTERNAL');
      }),
      { numRuns: 500 },
    );
  });

  /** Every byte string inside the proof that is base64, by its place. */
  const places = (value: unknown, path: (string | number)[] = []): (string | number)[][] => {
    if (typeof value === 'string')
      return ['payload', 'sig', 'entry'].includes(String(path.at(-1))) || path.includes('hashes')
        ? [path]
        : [];
    if (value === null || typeof value !== 'object') return [];
    return Object.entries(value).flatMap(([name, inner]) => places(inner, [...path, name]));
  };
  test.each(places(PROOF).map((path) => [path.join('.'), path] as const))(
    'of the bytes at %s is refused: each document, signature, entry and hash',
    (_, path) => {
      const whole = path.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], PROOF);
      const bytes = Buffer.from(whole as string, 'base64');
      fc.assert(
        fc.property(bitOf(bytes), (at) => {
          const copy = structuredClone(PROOF);
          const parent = path
            .slice(0, -1)
            .reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], copy);
          (parent as Record<string, unknown>)[path.at(-1)!] = Buffer.from(flipped(bytes, at)).toString(
            'base64',
          );
          expect(verifyRelease(ARCHIVE, formatDocument(copy), load, START).ok).toBe(false);
        }),
        { numRuns: 25 },
      );
    },
  );

  test('of a root, a namespace document, a status or a checkpoint by itself is refused by whoever reads it', () => {
    const [root, namespace] = [PROOF.root[0]!, PROOF.namespace[0]!.envelope];
    const by = (pair: typeof PUBLISHER, type: string) => ({
      item: 'x',
      payloadType: type,
      keys: [pair.publicKey],
      threshold: 1,
      verify,
    });
    fc.assert(
      fc.property(fc.nat(), (n) => {
        const change = (envelope: typeof root) => {
          const bytes = Buffer.from(envelope.payload, 'base64');
          return {
            ...envelope,
            payload: Buffer.from(flipped(bytes, n % (bytes.length * 8))).toString('base64'),
          };
        };
        expect(() => verifyRoot([change(root)], PIN, START)).toThrow(SignetError);
        expect(() =>
          verifyEnvelope(change(namespace), by(REGISTRY_KEYS.registrar, namespace.payloadType)),
        ).toThrow(SignetError);
        expect(() =>
          verifyEnvelope(change(PROOF.status), by(REGISTRY_KEYS.status, PROOF.status.payloadType)),
        ).toThrow(SignetError);
        const note = Buffer.from(PROOF.checkpoint);
        const { name } = parseNote(PROOF.checkpoint).signatures[0]!;
        const verifiers = [{ name, publicKey: REGISTRY_KEYS.log.publicKey }];
        expect(() => verifyNote(sha256, verify, flipped(note, n % (note.length * 8)), verifiers, 1)).toThrow(
          SignetError,
        );
      }),
      { numRuns: 100 },
    );
  });

  const filesBelow = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  /** Flips a bit of a file, calls, and puts the file back. */
  function withFlip<T>(path: string, n: number, body: (bytes: Uint8Array, changed: Uint8Array) => T): T {
    const bytes = readFileSync(path);
    const changed = flipped(bytes, n % (bytes.length * 8));
    writeFileSync(path, changed);
    try {
      return body(bytes, changed);
    } finally {
      writeFileSync(path, bytes);
    }
  }
  const codeOf = (call: () => { ok: boolean; code: string | null }): string => {
    try {
      const { ok, code } = call();
      return ok ? 'ok' : String(code);
    } catch (thrown) {
      if (!(thrown instanceof SignetError)) throw thrown;
      return thrown.code;
    }
  };

  test('of any file of a registry: what it delivers is refused, or is what was published', () => {
    const transport = new DirectoryTransport(world.registry);
    const published = readFileSync(join(world.registry, 'release/local/hello/1.0.0/archive.tar'));
    const files = filesBelow(world.registry);
    expect(files.length).toBeGreaterThan(8);
    let refused = 0;
    for (const path of files) {
      fc.assert(
        fc.property(fc.nat(), (n) =>
          withFlip(path, n, (bytes, changed) => {
            let archive: Uint8Array = published;
            const code = codeOf(() => {
              const fetched = fetchRelease(transport, 'local/hello');
              archive = fetched.archive;
              return verifyFetched(world.project, fetched).verdict;
            });
            expect(code).not.toBe('E_INTERNAL');
            if (code !== 'ok') return void refused++;
            expect(Buffer.compare(archive, published)).toBe(0);
            // Signed files differ in a hint at most; indexes and partial tiles that no proof needs are hints altogether.
            if (
              /(root|namespace|release)\/|status\.json$|checkpoint$/.test(relative(world.registry, path)) &&
              !/index\//.test(path)
            )
              expect(withoutHints(changed)).toBe(withoutHints(bytes));
          }),
        ),
        { numRuns: 15 },
      );
    }
    expect(refused).toBeGreaterThan(60);
    expect(verifyFetched(world.project, fetchRelease(transport, 'local/hello')).verdict.ok).toBe(true);
  });

  test('of any file of an installed bundle is refused at load, of its proof unless it is one of a key id', () => {
    const [locked] = world.project.installed();
    const folder = world.project.store.path(locked!.digest);
    for (const path of filesBelow(folder)) {
      if (readFileSync(path).length === 0) continue;
      fc.assert(
        fc.property(fc.nat(), (n) =>
          withFlip(path, n, (bytes, changed) => {
            const code = codeOf(() => loadBundle(world.project, locked!).verdict);
            if (code === 'ok') {
              expect(path.endsWith('proof.json')).toBe(true);
              expect(withoutHints(changed)).toBe(withoutHints(bytes));
            } else expect(code).not.toBe('E_INTERNAL');
          }),
        ),
        { numRuns: path.endsWith('proof.json') ? 60 : 15 },
      );
    }
    expect(loadBundle(world.project, locked!).verdict.ok).toBe(true);
  });

  test('of the lockfile is refused, unless it only lowers what a newer proof may exceed', () => {
    const [before] = world.project.installed();
    fc.assert(
      fc.property(fc.nat(), (n) =>
        withFlip(world.project.lockfile, n, () => {
          let after = before;
          const code = codeOf(() => {
            [after] = world.project.installed();
            return loadBundle(world.project, after!).verdict;
          });
          if (code !== 'ok') return void expect(code).not.toBe('E_INTERNAL');
          const { size, namespaceVersion } = before!;
          expect({ ...after, size, namespaceVersion }).toEqual(before);
          expect(after!.size).toBeLessThanOrEqual(size);
          expect(after!.namespaceVersion).toBeLessThanOrEqual(namespaceVersion);
        }),
      ),
      { numRuns: 150 },
    );
  });

  test('of trust.json never pins another root; what is remembered is refused or keeps its shape', () => {
    const path = join(world.project.trust.directory, 'trust.json');
    const [locked] = world.project.installed();
    const before = world.project.trust.pin(world.fingerprint)!;
    fc.assert(
      fc.property(fc.nat(), (n) =>
        withFlip(path, n, () => {
          let roots: ReturnType<TrustStore['roots']> = [];
          const code = codeOf(() => {
            roots = world.project.trust.roots();
            return loadBundle(world.project, locked!).verdict;
          });
          expect(code).not.toBe('E_INTERNAL');
          if (roots.length === 0)
            return void expect(code).toMatch(/^E_(TRUST_STATE|FORMAT_VERSION|ROOT_UNPINNED)$/);
          expect(roots[0]!.fingerprint).toBe(before.fingerprint);
          expect(roots[0]!.local).toBe(before.local);
        }),
      ),
      { numRuns: 150 },
    );
    expect(world.project.trust.pin(world.fingerprint)).toEqual(before);
  });
});

describe('another order', () => {
  /** The entries of an archive, header and body together. */
  const entriesOf = (archive: Uint8Array): Uint8Array[] => {
    const entries: Uint8Array[] = [];
    for (const { bytes } of readArchive(archive).values()) {
      const start = entries.reduce((sum, { length }) => sum + length, 0);
      entries.push(archive.subarray(start, start + 512 + Math.ceil(bytes.length / 512) * 512));
    }
    return entries;
  };
  const end = new Uint8Array(1024);

  test('of an archive’s entries is refused, each one; put together in their order they are the archive', () => {
    const entries = entriesOf(ARCHIVE);
    expect(entries.length).toBeGreaterThan(3);
    expect(Buffer.compare(Buffer.concat([...entries, end]), ARCHIVE)).toBe(0);
    const order = fc.shuffledSubarray([...entries.keys()], { minLength: entries.length });
    fc.assert(
      fc.property(order, (places) => {
        const shuffled = Buffer.concat([...places.map((place) => entries[place]!), end]);
        if (places.every((place, i) => place === i))
          return void expect(() => readArchive(shuffled)).not.toThrow();
        expect(() => readArchive(shuffled)).toThrow(expect.objectContaining({ code: 'E_ARCHIVE_FORMAT' }));
      }),
      { numRuns: 60 },
    );
  });

  test('of the files given to packArchive builds the same archive', () => {
    const files = [...readArchive(ARCHIVE)]
      .filter(([path]) => path !== 'FILES.json')
      .map(([path, { bytes, mode }]) => ({ path, bytes, executable: mode === 0o755 }));
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(Buffer.compare(packArchive(shuffled), ARCHIVE)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('of the signatures in an envelope changes nothing', () => {
    const pairs = [key(11), key(12), key(13)];
    const envelope = signEnvelope('x', Buffer.from('y'), pairs);
    const required = {
      item: 'x',
      payloadType: 'x',
      keys: pairs.map(({ publicKey }) => publicKey),
      threshold: 3,
      verify,
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(envelope.signatures, { minLength: 3 }), (signatures) => {
        expect(
          verifyEnvelope({ ...envelope, signatures }, required)
            .signers.map(fingerprint)
            .sort(),
        ).toEqual(pairs.map(({ publicKey }) => fingerprint(publicKey)).sort());
      }),
      { numRuns: 10 },
    );
  });
});

describe('no bytes make a parser throw anything but a coded error', () => {
  const POLICY = Buffer.from(
    'version: 1\nregistries:\n  - name: home\n    location: .signet/registry\n    root: SHA256:' +
      `${'0'.repeat(64)}\n    namespaces: [local, signet]\nfreshness:\n  installDays: 7\n`,
  );
  const files = { lock: '', trust: '' };
  beforeAll(() => {
    files.lock = join(world.directory, 'fuzz.lock.json');
    files.trust = join(world.directory, 'fuzz-trust');
    new TrustStore(files.trust, join(world.directory, 'config')).pinRoot(PIN, true);
  });
  const readLock = (bytes: Uint8Array): unknown => {
    writeFileSync(files.lock, bytes);
    return readLockfile(files.lock);
  };
  const readTrust = (bytes: Uint8Array): unknown => {
    writeFileSync(join(files.trust, 'trust.json'), bytes);
    return new TrustStore(files.trust, join(world.directory, 'config')).roots();
  };
  const lockBytes = () => readFileSync(world.project.lockfile);
  const trustBytes = () => readFileSync(join(world.project.trust.directory, 'trust.json'));
  const manifest = readArchive(ARCHIVE).get('plugin.json')!.bytes;

  const PARSERS: [string, () => Uint8Array, (bytes: Uint8Array) => unknown, number][] = [
    ['a note', () => Buffer.from(PROOF.checkpoint), parseNote, 300],
    [
      'a note to be verified',
      () => Buffer.from(PROOF.checkpoint),
      (bytes) => verifyNote(sha256, verify, bytes, [{ name: 'x', publicKey: PUBLISHER.publicKey }], 1),
      200,
    ],
    [
      'cosignatures',
      () => Buffer.from(PROOF.checkpoint),
      (bytes) => readCosignatures(utf8(bytes), [REGISTRY_KEYS.log.publicKey], verify),
      200,
    ],
    [
      'a checkpoint',
      () => Buffer.from(parseNote(PROOF.checkpoint).text),
      (bytes) => parseCheckpoint(utf8(bytes)),
      300,
    ],
    ['an envelope', () => formatDocument(PROOF.root[0]!), (bytes) => parseEnvelope(bytes, 'x'), 300],
    [
      'a namespace document',
      () => decodeBase64(PROOF.namespace[0]!.envelope.payload),
      (bytes) => readNamespace({ ...PROOF.namespace[0]!.envelope, payload: encodeBase64(bytes) }),
      300,
    ],
    [
      'a root',
      () => decodeBase64(PROOF.root[0]!.payload),
      (bytes) => verifyRoot([{ ...PROOF.root[0]!, payload: encodeBase64(bytes) }], PIN, START),
      200,
    ],
    ['a release statement', () => decodeBase64(PROOF.release.envelope.payload), parseRelease, 300],
    ['provenance', () => decodeBase64(PROOF.provenance!.payload), parseProvenance, 300],
    ['a proof bundle', () => PROOF_BYTES, parseProof, 200],
    ['an archive', () => ARCHIVE, readArchive, 300],
    ['a manifest', () => manifest, readManifest, 300],
    ['policy.yaml', () => POLICY, (bytes) => parsePolicy(utf8(bytes)), 200],
    ['a lockfile', lockBytes, readLock, 100],
    ['trust.json', trustBytes, readTrust, 100],
    ['a tile', () => new Uint8Array(96), (bytes) => parseTile(bytes, 'x'), 100],
    ['an entry bundle', () => Buffer.from('000261620001ff', 'hex'), (bytes) => parseBundle(bytes, 'x'), 200],
  ];
  const only = (parse: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean => {
    try {
      parse(bytes);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof SignetError)) throw thrown;
      expect(thrown.code).not.toBe('E_INTERNAL');
      // What is said of hostile bytes stays short enough to be shown.
      expect(JSON.stringify(thrown).length).toBeLessThan(20_000);
      return false;
    }
  };

  test.each(PARSERS)('%s: random and edited', (_, valid, parse, numRuns) => {
    const good = valid();
    let refused = 0;
    fc.assert(
      fc.property(arbitrary.edits, (edit) => {
        if (!only(parse, edit(good))) refused++;
      }),
      { numRuns },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 2000 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          only(parse, bytes);
        },
      ),
      { numRuns: Math.ceil(numRuns / 4) },
    );
    expect(refused).toBeGreaterThan(numRuns / 10);
  });

  test('a whole verification has a verdict for any bytes, and never E_INTERNAL', () => {
    const trust = trustOf({ purpose: 'load' });
    fc.assert(
      fc.property(arbitrary.edits, fc.nat(2), (edit, which) => {
        const archive = which === 0 ? edit(ARCHIVE) : ARCHIVE;
        const proof = which === 0 ? PROOF_BYTES : edit(PROOF_BYTES);
        const verdict = verifyRelease(archive, proof, trust, START);
        expect(verdict.code).not.toBe('E_INTERNAL');
        expect(verdict.ok).toBe(verdict.code === null);
      }),
      { numRuns: 250 },
    );
  });

  // Work is counted, not timed: how often a signature is verified, whatever is sent.
  test('signatures are verified a bounded number of times', () => {
    let calls = 0;
    const counting: typeof verify = (...input) => {
      calls++;
      return verify(...input);
    };
    const keys = Array.from({ length: 16 }, (_, i) => key(50 + i).publicKey);
    const envelope = signEnvelope('x', Buffer.from('y'), [key(99)]);
    const many = {
      ...envelope,
      signatures: Array.from({ length: 16 }, () => ({
        ...envelope.signatures[0]!,
        keyid: fingerprint(keys[0]!),
      })),
    };
    expect(() =>
      verifyEnvelope(many, { item: 'x', payloadType: 'x', keys, threshold: 1, verify: counting }),
    ).toThrow(SignetError);
    expect(calls).toBeLessThanOrEqual(16 * 17);
    calls = 0;
    const { text, signatures } = parseNote(PROOF.checkpoint);
    const lines = formatNote(
      text,
      Array.from({ length: 100 }, () => signatures[0]!),
    );
    const verifiers = keys.map((publicKey) => ({ name: signatures[0]!.name, publicKey }));
    expect(() => verifyNote(sha256, counting, lines, verifiers, 1)).toThrow(SignetError);
    expect(calls).toBeLessThanOrEqual(100 * 16);
  });

  test.each<[string, () => void]>([
    ['a megabyte of brackets', () => parseJson('['.repeat(1 << 20))],
    ['a megabyte of quotes', () => parseJson('"\\'.repeat(1 << 19))],
    [
      'a hundred thousand keys',
      () =>
        parseDocument(
          ReleaseStatement,
          Buffer.from(`{${Array.from({ length: 100_000 }, (_, i) => `"${i}":0`).join()}}`),
          'x/1',
          'x',
        ),
    ],
    ['a megabyte of nested YAML', () => parseYaml('['.repeat(1 << 17), 'x')],
    [
      'YAML that doubles and doubles',
      () =>
        parseYaml(
          `a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a,*a]`).join('\n')}`,
          'x',
        ),
    ],
    ['a megabyte of blank lines', () => parseNote('\n'.repeat(1 << 20))],
    ['half a megabyte of signature lines', () => parseNote(`x\n\n${'\u2014 a AAAAAAA=\n'.repeat(1 << 15)}`)],
    [
      'thirty megabytes of archive headers',
      () => readArchive(Buffer.alloc(30 << 20, ARCHIVE.subarray(0, 512))),
    ],
    ['eight megabytes of almost base64', () => decodeBase64(`${'A'.repeat(8 << 20)}*AAA`)],
  ])('and it ends: %s', (_, call) => {
    expect(call).toThrow(SignetError);
  });
});
