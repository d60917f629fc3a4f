// Each row of THREATS.md that concerns verification, and the tests and vectors that try it. The table is checked: a test that is
// renamed or removed, a vector that is gone, a row that is forgotten fails here. Below it: attacks on a whole registry, as an
// operator meets them, after each of which the project's folder is as it was.
import { createHmac, createPrivateKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint } from '../../keys/ed25519.ts';
import { preAuthEncoding, signEnvelope } from '../../keys/envelope.ts';
import { fetchPinned, refreshRegistry } from '../../registry/fetch.ts';
import { install, installFetched } from '../../registry/install.ts';
import { loadBundle } from '../../registry/load.ts';
import { summarize, verifyAll, verifySubject } from '../../registry/subject.ts';
import { IN_TOTO_PAYLOAD, STATUS_PAYLOAD } from '../../src/contracts/statement.ts';
import { exitOf } from '../../src/contracts/verdict.ts';
import { CODES, type ErrorCode, SignetError } from '../../src/error.ts';
import type { VectorFile } from '../vectors/vector.ts';
import { archiveOf, createWorld, DAY, PUBLISHER, REGISTRY_KEYS, STRANGER, type World } from './fixture.ts';
import { END, entry } from './tar-bytes.ts';

/** Row → tests, as [file below test/, title]; its vectors are found by the rows that they name. */
const THREATS: Record<number, readonly (readonly [file: string, title: string])[]> = {
  1: [
    ['registry/properties.test.ts', 'of the archive is refused, whatever it is'],
    ['registry/properties.test.ts', 'of the proof bundle is refused, unless it is one of a key id'],
    [
      'registry/properties.test.ts',
      'of any file of a registry: what it delivers is refused, or is what was published',
    ],
    [
      'registry/load.test.ts',
      'row 1: a flipped bit in the lockfile is refused, save one that lowers what a newer proof may exceed',
    ],
    ['registry/verify.test.ts', 'row 1: the code names the part: %s'],
  ],
  2: [
    [
      'registry/histories.test.ts',
      'row 2: a registry restored from a backup is a rollback for installing and for refreshing',
    ],
    [
      'registry/install.test.ts',
      'row 2: a version lower than the lockfile’s is a rollback, unless it is meant',
    ],
    ['registry/checks/namespace.test.ts', 'row 2: an older root, and another root of the version seen'],
  ],
  3: [
    [
      'registry/memory.test.ts',
      'row 3: size 2^53 - 1 was seen: the honest registry is a rollback until its root replaces the stolen keys, then it recovers',
    ],
    [
      'registry/memory.test.ts',
      'rows 2, 3: a root document that jumps to version 2^53 - 1 is refused, and nothing of it is remembered',
    ],
  ],
  4: [
    [
      'registry/checks/status.test.ts',
      'row 4: the clock past the status expiry is stale for installing; exit 4',
    ],
    ['registry/subject.test.ts', 'rows 4, 31: a file whose status is stale is exit 4'],
    ['keys/root.test.ts', 'row 4: a root past its expiry is refused at that very second'],
  ],
  5: [
    ['registry/threats.test.ts', 'row %d: %s is refused for installing and by verify, and changes nothing'],
    ['registry/checks/log.test.ts', 'row 5: proofs from one checkpoint under another'],
    ['registry/checks/status.test.ts', 'row 5: checkpoint of one moment, status of another'],
  ],
  6: [
    [
      'registry/transport.test.ts',
      'row 6: a file that never ends, and row 21: a link or a pipe, are refused',
    ],
    [
      'registry/proof.test.ts',
      'row 6: a hundred thousand signatures, and a bundle above its limit, are refused by shape and size',
    ],
    [
      'registry/threats.test.ts',
      'row 6: an archive, a manifest and a checkpoint of a gigabyte: stopped at the limit, memory flat',
    ],
    ['registry/properties.test.ts', 'signatures are verified a bounded number of times'],
  ],
  7: [
    [
      'keys/root.test.ts',
      'row 7: one of two required signatures, or one key twice, does not make a threshold',
    ],
    ['keys/envelope.test.ts', 'row 7: one key counts once, under whatever ids and however often it signs'],
    ['registry/checks/envelope.test.ts', 'row 7: one of two is refused, both pass, one key twice is one'],
    [
      'registry/oracles.test.ts',
      'a rotation counts for us exactly where it counts for TUF: the thresholds of both versions',
    ],
  ],
  8: [
    [
      'registry/checks/envelope.test.ts',
      'rows 8, 17: a stranger signs: refused, under its own key id and under the publisher’s',
    ],
    [
      'registry/publish.test.ts',
      'row 8: a key that may not release there is refused before anything is written',
    ],
    ['registry/checks/namespace.test.ts', 'row 8: a namespace document that the stranger made for itself'],
  ],
  9: [
    ['registry/threats.test.ts', 'row %d: %s is refused for installing and by verify, and changes nothing'],
    ['registry/checks/envelope.test.ts', 'row 9: a genuine envelope served for another bundle or version'],
    ['registry/fetch.test.ts', 'row 9: the archive of another version under the one asked for is refused'],
  ],
  10: [
    ['registry/threats.test.ts', 'row %d: %s is refused for installing and by verify, and changes nothing'],
    [
      'registry/checks/envelope.test.ts',
      'row 10: another payload type under the publisher’s own signature; an unparsable payload',
    ],
    [
      'registry/checks/envelope.test.ts',
      'row 10: provenance in the place of the release, and the other way round',
    ],
    [
      'keys/envelope.test.ts',
      'row 10: a payload signed for another purpose is refused before any key is tried',
    ],
  ],
  11: [
    ['registry/threats.test.ts', 'row %d: %s is refused for installing and by verify, and changes nothing'],
    ['registry/checks/log.test.ts', 'row 11: a genuine log proof of another entry'],
    ['registry/log.test.ts', 'row 11: an entry is proved at its index, and nowhere else'],
  ],
  12: [
    [
      'registry/histories.test.ts',
      'row 12: two histories of one size: refused, and both signed checkpoints are kept',
    ],
    [
      'registry/histories.test.ts',
      'rows 12, 13: a larger log that does not contain the one that was seen is two histories as well',
    ],
  ],
  13: [
    ['registry/checks/log.test.ts', 'row 13: an inclusion proof that is %s'],
    [
      'src/merkle.test.ts',
      'any flipped bit, dropped, doubled or added hash of an inclusion proof is refused',
    ],
    [
      'src/merkle.test.ts',
      'any flipped bit, dropped, doubled or added hash of a consistency proof is refused',
    ],
    [
      'registry/oracles.test.ts',
      'roots, audit paths and consistency proofs are those of sections 2.1 to 2.1.2, and verify',
    ],
  ],
  14: [
    ['keys/ed25519.test.ts', 'the malleable signature S + %dL is refused by both verifiers'],
    ['keys/ed25519.test.ts', '151 of 151 come out as marked through both verifiers'],
  ],
  15: [
    ['keys/ed25519.test.ts', 'a key of %s is refused at enrolment and at verify'],
    ['keys/ed25519.test.ts', 'a key whose y is %s is refused as not canonical'],
  ],
  16: [
    ['keys/ed25519.test.ts', 'other key types cannot stand where an Ed25519 key is required'],
    ['registry/threats.test.ts', 'row 16: %s under the publisher’s key id'],
  ],
  17: [
    ['keys/envelope.test.ts', 'row 17: the right signature under a wrong or missing key id passes'],
    ['keys/envelope.test.ts', 'row 17: a stranger under a trusted key id is refused, and under its own'],
  ],
  18: [
    ['registry/proof.test.ts', 'rows 18, 34: a bundle %s'],
    ['keys/envelope.test.ts', 'row 18: %s in the base64 is refused'],
    ['src/json.test.ts', 'eight megabytes of malice end in an answer, not in a full stack'],
  ],
  19: [
    [
      'registry/threats.test.ts',
      'row 19: what was shown is what is installed, and what was verified is what runs, whatever is swapped in between',
    ],
    [
      'registry/store.test.ts',
      'row 19: what is verified is what was read: a file swapped afterwards changes nothing that is loaded',
    ],
  ],
  20: [
    ['registry/archive.test.ts', 'paths (20, 22)'],
    ['registry/transport.test.ts', 'row 20: the path %j is refused'],
  ],
  21: [
    ['registry/archive.test.ts', 'only regular files (21)'],
    ['registry/archive.test.ts', 'one byte form (21)'],
    [
      'registry/properties.test.ts',
      'of an archive’s entries is refused, each one; put together in their order they are the archive',
    ],
  ],
  22: [['registry/archive.test.ts', 'one place, two names (22)']],
  23: [
    ['registry/threats.test.ts', 'row %d: %s is refused for installing and by verify, and changes nothing'],
    ['registry/archive.test.ts', 'bombs (23)'],
  ],
  24: [
    ['registry/store.test.ts', 'row 24: %s'],
    [
      'registry/load.test.ts',
      'row 24: a byte changed in the installed file is refused at load, with file and digests',
    ],
  ],
  26: [
    [
      'registry/checks/log.test.ts',
      'row 26: a key counts only inside its range; a release before the range ended stays valid',
    ],
    [
      'registry/checks/log.test.ts',
      'row 26: a key that a later document brings in is not valid for what was logged before that document',
    ],
  ],
  27: [
    [
      'registry/install.test.ts',
      'row 27: revoked after it was installed: a refresh is enough for the load to refuse',
    ],
    [
      'registry/install.test.ts',
      'row 27: a later status that omits a revocation once seen is refused, and the revocation stays',
    ],
    [
      'host/installed.test.ts',
      'a digest that is revoked is refused at dispatch, its calls end, and others go on',
    ],
  ],
  28: [
    [
      'registry/checks/provenance.test.ts',
      'row 28: no provenance under the default policy; the override is named and is a skip, not a pass',
    ],
  ],
  29: [
    [
      'registry/checks/namespace.test.ts',
      'row 29: a proof bundle that brings its own root, registrar, log and status',
    ],
    [
      'registry/fetch.test.ts',
      'row 29: another registry behind the location of this one is refused, and changes nothing',
    ],
    ['registry/namespace.test.ts', 'row 29: what a local root may release'],
    [
      'registry/project.test.ts',
      'row 29: one namespace in two registries is an error of the policy, not a choice',
    ],
  ],
  30: [
    [
      'registry/checks/namespace.test.ts',
      'row 30: new keys that the old keys did not sign are refused, unless a recovery is confirmed',
    ],
    [
      'registry/checks/envelope.test.ts',
      'row 30: a document logged after the release cannot have allowed it',
    ],
  ],
  31: [
    [
      'registry/checks/status.test.ts',
      'row 31: offline for a month: loading warns up to loadDays, then refuses',
    ],
    [
      'registry/install.test.ts',
      'row 31: a refresh keeps an installed bundle loading; without one it warns, then stops',
    ],
    [
      'registry/checks/status.test.ts',
      'rows 27, 31: what was seen revoked binds, however old or silent the status is',
    ],
  ],
  32: [
    ['registry/subject.test.ts', 'row 32: nothing to verify is never a success: exit 3'],
    ['registry/threats.test.ts', 'row 32: nothing to verify is no success, wherever nothing is'],
  ],
  33: [
    ['registry/publish.test.ts', 'row 33: the version %j is refused'],
    [
      'registry/publish.test.ts',
      'row 33: 1.0.0+a is not another 1.0.0, and a prerelease is a version of its own',
    ],
    ['registry/install.test.ts', 'row 33: the range %j is a usage error'],
  ],
  34: [
    ['registry/threats.test.ts', 'row %d: %s is refused for installing and by verify, and changes nothing'],
    ['registry/checks/envelope.test.ts', 'row 34: a release of predicate %s'],
    ['registry/checks/archive.test.ts', 'row 34: %s'],
  ],
  36: [
    ['registry/install.test.ts', 'rows 33, 36: the name %j is refused before anything is read'],
    ['host/host.test.ts', '%s/%s is refused'],
  ],
  38: [
    ['registry/build.test.ts', 'imports stay inside (38)'],
    ['registry/build.test.ts', 'a configuration or an install script of a stranger does not run'],
    ['registry/build.test.ts', 'code at module level runs without any capability, and without Node'],
  ],
};
/** Rows of the life of a bundle rather than of its verification. */
const ELSEWHERE = [25, 35, 37, 39];
/** Rows about what happens before or after a verification: there is no vector of them. */
const WITHOUT_VECTOR = [19, 38];

describe('the rows of THREATS.md', () => {
  const tests = join(import.meta.dirname, '..');
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  test('every row from 1 to 39 is here, or is named as one of the life of a bundle', () => {
    const rows = [...Object.keys(THREATS).map(Number), ...ELSEWHERE].sort((a, b) => a - b);
    expect(rows).toEqual(Array.from({ length: 39 }, (_, i) => i + 1));
  });

  test.each(
    Object.entries(THREATS).flatMap(([row, named]) =>
      named.map(([file, title]) => [row, file, title] as const),
    ),
  )('row %s is tried in %s: %s', (_, file, title) => {
    const text = readFileSync(join(tests, file), 'utf8');
    const call = new RegExp(
      `(?:\\b(test|it|describe)(\\.skip|\\.todo|\\.only)?|\\))\\(\\s*(['"\`])${literal(title)}\\3\\s*,`,
    );
    const found = call.exec(text);
    expect(found, `no test of that name in test/${file}`).not.toBeNull();
    expect(found![2]).toBeUndefined();
  });

  test('every row has its vectors, and every vector belongs to a row that is here or to none', () => {
    const fixtures = join(tests, 'vectors/fixtures');
    const labelled = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.json') && !path.startsWith('envelopes'))
      .map((path) => JSON.parse(readFileSync(join(fixtures, path), 'utf8')) as VectorFile);
    const refusing = new Set(
      labelled.filter(({ expect: label }) => label !== 'ok').flatMap(({ rows }) => rows),
    );
    const needed = Object.keys(THREATS)
      .map(Number)
      .filter((row) => !WITHOUT_VECTOR.includes(row));
    expect(needed.filter((row) => !refusing.has(row))).toEqual([]);
    expect([...refusing].filter((row) => THREATS[row] === undefined)).toEqual([]);
  });
});

describe('attacks on a whole registry', () => {
  let world: World;
  beforeEach(() => {
    world = createWorld();
    world.publish();
  });
  afterEach(() => world.close());
  const at = (path: string): string => join(world.registry, path);
  const RELEASE = 'release/local/hello/1.0.0';
  type Json = ReturnType<typeof JSON.parse>;
  const edit = (path: string, change: (document: Json) => void): void => {
    const document = JSON.parse(readFileSync(at(path), 'utf8')) as Json;
    change(document);
    writeFileSync(at(path), JSON.stringify(document));
  };
  const flip = (path: string, where = 0.5): void => {
    const bytes = readFileSync(at(path));
    bytes[Math.floor(bytes.length * where)]! ^= 1;
    writeFileSync(at(path), bytes);
  };
  /** Every file of the project by its content: what an attack must leave as it was. Evidence of two histories may be added. */
  const snapshot = (): Map<string, string> =>
    new Map(
      readdirSync(world.project.directory, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && !entry.parentPath.endsWith('evidence'))
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path, readFileSync(path, 'base64')]),
    );
  const outcome = (call: () => { ok: boolean; code: string | null }): string => {
    try {
      const { ok, code } = call();
      return ok ? 'ok' : String(code);
    } catch (thrown) {
      if (thrown instanceof SignetError) return thrown.code;
      throw thrown;
    }
  };
  const add = (): string =>
    outcome(() => install(world.project, 'local/hello', '*', { accept: true }).verdict);
  const ask = (): string => outcome(() => verifySubject(world.project, 'local/hello')[0]!);

  const swap = (a: string, b: string): void => {
    renameSync(at(a), at('x'));
    renameSync(at(b), at(a));
    renameSync(at('x'), at(b));
  };
  const ATTACKS: [row: number, what: string, attack: () => void, code: ErrorCode][] = [
    [1, 'a bit of the archive', () => flip(`${RELEASE}/archive.tar`, 0.4), 'E_ARCHIVE_FORMAT'],
    [
      1,
      'a bit of the release’s payload',
      () => edit(`${RELEASE}/release.json`, (e) => (e.payload = flipText(e.payload))),
      'E_SIGNATURE',
    ],
    [
      1,
      'a bit of the status',
      () => edit('status.json', (e) => (e.signatures[0].sig = flipText(e.signatures[0].sig))),
      'E_SIGNATURE',
    ],
    [
      1,
      'a bit of the root',
      () => edit('root/1.json', (e) => (e.payload = flipText(e.payload))),
      'E_ROOT_UNTRUSTED',
    ],
    [1, 'a bit of a tile', () => flip('tile/0/000.p/2'), 'E_LOG_CORRUPT'],
    [4, 'eight days without a new status', () => (world.clock.ms += 8 * DAY), 'E_STATUS_STALE'],
    [
      5,
      'the status of an earlier checkpoint',
      () => {
        const old = readFileSync(at('status.json'));
        world.publish({ version: '1.1.0' });
        writeFileSync(at('status.json'), old);
      },
      'E_STATUS_MISMATCH',
    ],
    [
      5,
      'the checkpoint of an earlier status',
      () => {
        const old = readFileSync(at('checkpoint'));
        world.publish({ version: '1.1.0' });
        writeFileSync(at('checkpoint'), old);
      },
      'E_REGISTRY',
    ],
    [8, 'a release that a stranger signed', () => resign(STRANGER), 'E_SIGNER'],
    [
      9,
      'the release of another bundle',
      () => {
        world.publish({ name: 'local/other' });
        for (const file of ['archive.tar', 'release.json', 'provenance.json'])
          cpSync(at(`release/local/other/1.0.0/${file}`), at(`${RELEASE}/${file}`));
      },
      'E_STATEMENT_MISMATCH',
    ],
    [
      9,
      'an older release under the number of a newer one',
      () => {
        world.publish({ version: '1.1.0' });
        swap(RELEASE, 'release/local/hello/1.1.0');
      },
      'E_STATEMENT_MISMATCH',
    ],
    [
      9,
      'another archive',
      () => writeFileSync(at(`${RELEASE}/archive.tar`), archiveOf({ version: '1.0.1' })),
      'E_DIGEST',
    ],
    [
      10,
      'provenance in the place of the release',
      () => cpSync(at(`${RELEASE}/provenance.json`), at(`${RELEASE}/release.json`)),
      'E_PREDICATE',
    ],
    [
      10,
      'the status in the place of the release',
      () => cpSync(at('status.json'), at(`${RELEASE}/release.json`)),
      'E_PAYLOAD_TYPE',
    ],
    [
      10,
      'a release statement that is called a status',
      () => edit(`${RELEASE}/release.json`, (e) => (e.payloadType = STATUS_PAYLOAD)),
      'E_PAYLOAD_TYPE',
    ],
    [10, 'the publisher’s own signature over what is no statement', () => restate(() => 'no JSON'), 'E_JSON'],
    [
      11,
      'an index that points at the entry of another version',
      () => {
        world.publish({ version: '0.9.0' });
        edit('index/local/hello.json', (i) => (i.versions[0].index = i.versions[1].index));
      },
      'E_LOG_ENTRY',
    ],
    [
      11,
      'an index that points at another entry',
      () => edit('index/local/hello.json', (i) => (i.versions[0].index = 0)),
      'E_NAMESPACE',
    ],
    [
      13,
      'a checkpoint with another size',
      () => writeFileSync(at('checkpoint'), readFileSync(at('checkpoint'), 'utf8').replace('\n2\n', '\n1\n')),
      'E_LOG_CORRUPT',
    ],
    [
      18,
      'a key twice in a signed file',
      () =>
        writeFileSync(
          at('status.json'),
          readFileSync(at('status.json'), 'utf8').replace('{', '{"payload":"",'),
        ),
      'E_JSON',
    ],
    [21, 'a link in the place of the archive', () => linkTo(`${RELEASE}/archive.tar`), 'E_IO'],
    [
      26,
      'a release logged before its namespace document',
      () => edit('index/local.json', (i) => (i.versions[0].index = 1)),
      'E_NAMESPACE',
    ],
    [
      23,
      'a bomb: ten thousand and one files',
      () =>
        replaceArchive(
          Array.from({ length: 10_001 }, (_, i) =>
            entry({ name: `f${String(i).padStart(5, '0')}`, body: '' }),
          ),
        ),
      'E_ARCHIVE_LIMIT',
    ],
    [
      23,
      'a bomb: folders seventeen deep',
      () => replaceArchive([entry({ name: `${'a/'.repeat(16)}f`, body: '' })]),
      'E_ARCHIVE_LIMIT',
    ],
    [
      23,
      'a bomb: an entry that claims eight gigabytes',
      () => replaceArchive([entry({ name: 'a', body: 'x', size: '77777777777\0' })]),
      'E_ARCHIVE_FORMAT',
    ],
    [
      23,
      'a bomb: a compressed archive',
      () => writeFileSync(at(`${RELEASE}/archive.tar`), gzipSync(Buffer.alloc(64 << 20))),
      'E_ARCHIVE_FORMAT',
    ],
    [28, 'provenance taken away', () => rmSync(at(`${RELEASE}/provenance.json`)), 'E_LOG_ENTRY'],
    [30, 'a namespace document of one’s own', () => regrant(), 'E_SIGNER'],
    [
      33,
      'an index that offers 1.0.0 as 9.0.0',
      () => edit('index/local/hello.json', (i) => (i.versions[0].version = '9.0.0')),
      'E_REGISTRY',
    ],
    [
      34,
      'an earlier predicate of the release, signed by its publisher',
      () => restate((text) => text.replace('skill-release/v1', 'skill-release/v0')),
      'E_FORMAT_VERSION',
    ],
    [
      34,
      'a field that this version does not know, signed by its publisher',
      () => restate((text) => text.replace('"predicate":{', '"predicate":{"checks":"none",')),
      'E_FORMAT',
    ],
    [
      34,
      'an older namespace document format, signed by the registrar',
      () =>
        edit('namespace/local/1.json', (e) => {
          const text = Buffer.from(e.payload, 'base64').toString().replace('namespace/1', 'namespace/0');
          Object.assign(e, signEnvelope(e.payloadType, Buffer.from(text), [REGISTRY_KEYS.registrar]));
        }),
      'E_FORMAT_VERSION',
    ],
    [
      34,
      'a later format of the status',
      () => edit('status.json', (e) => (e.payload = later(e.payload))),
      'E_FORMAT_VERSION',
    ],
  ];
  const flipText = (base64: string): string => {
    const bytes = Buffer.from(base64, 'base64');
    bytes[bytes.length >> 1]! ^= 1;
    return bytes.toString('base64');
  };
  const later = (payload: string): string =>
    Buffer.from(Buffer.from(payload, 'base64').toString().replace('status/1', 'status/2')).toString('base64');
  const linkTo = (path: string): void => {
    renameSync(at(path), at('elsewhere'));
    symlinkSync(at('elsewhere'), at(path));
  };
  const resign = (by: typeof STRANGER): void =>
    edit(`${RELEASE}/release.json`, (e) =>
      Object.assign(e, signEnvelope(IN_TOTO_PAYLOAD, Buffer.from(e.payload, 'base64'), [by])),
    );
  /** Other words, under the publisher's own signature. */
  const restate = (change: (text: string) => string): void =>
    edit(`${RELEASE}/release.json`, (e) => {
      const text = change(Buffer.from(e.payload, 'base64').toString());
      Object.assign(e, signEnvelope(IN_TOTO_PAYLOAD, Buffer.from(text), [PUBLISHER]));
    });
  const replaceArchive = (entries: readonly Buffer[]): void =>
    writeFileSync(at(`${RELEASE}/archive.tar`), Buffer.concat([...entries, END]));
  const regrant = (): void =>
    edit('namespace/local/1.json', (e) =>
      Object.assign(e, signEnvelope(e.payloadType, Buffer.from(e.payload, 'base64'), [STRANGER])),
    );

  test.each(ATTACKS)(
    'row %d: %s is refused for installing and by verify, and changes nothing',
    (_, __, attack, code) => {
      // The twin: untouched, it passes.
      expect(ask()).toBe('ok');
      attack();
      const before = snapshot();
      expect([add(), ask()]).toEqual([code, code]);
      expect(snapshot()).toEqual(before);
      expect(world.project.installed()).toEqual([]);
      expect(CODES[code].exit).not.toBe(0);
    },
  );

  test.each(ATTACKS)('row %d: %s does not touch what is installed already', (_, __, attack) => {
    expect(add()).toBe('ok');
    attack();
    const before = snapshot();
    const code = outcome(() => {
      refreshRegistry(world.project, world.project.policy().registries[0]!);
      return { ok: true, code: null };
    });
    // A refresh that found nothing wrong with head and status may remember them.
    if (code !== 'ok') expect(snapshot()).toEqual(before);
    expect(loadBundle(world.project, world.project.installed()[0]!).verdict.ok).toBe(true);
  });

  test('row 6: an archive, a manifest and a checkpoint of a gigabyte: stopped at the limit, memory flat', () => {
    const gigabyte = 1024 * 1024 * 1024;
    const used = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    for (const path of [
      `${RELEASE}/archive.tar`,
      `${RELEASE}/release.json`,
      'checkpoint',
      'status.json',
      'index/local/hello.json',
    ]) {
      const good = readFileSync(at(path));
      // Sparse: it has the size of its claim, and takes no room.
      truncateSync(at(path), gigabyte);
      const before = used();
      expect(add(), path).toBe('E_LIMIT');
      expect(used() - before, path).toBeLessThan(64 * 1024 * 1024);
      writeFileSync(at(path), good);
    }
    expect(add()).toBe('ok');
  });

  test.each<[string, (message: Uint8Array) => Uint8Array]>([
    [
      'an HMAC keyed with the public key',
      (message) => createHmac('sha512', PUBLISHER.publicKey).update(message).digest(),
    ],
    [
      'an HMAC keyed with the fingerprint',
      (message) => createHmac('sha512', fingerprint(PUBLISHER.publicKey)).update(message).digest(),
    ],
    [
      'an RSA signature',
      (message) => nodeSign('sha256', message, generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey),
    ],
    [
      'an ECDSA signature',
      (message) =>
        nodeSign('sha256', message, {
          key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
          dsaEncoding: 'ieee-p1363',
        }),
    ],
    [
      'an Ed448 signature, cut to the length of Ed25519',
      (message) =>
        nodeSign(
          null,
          message,
          createPrivateKey(generateKeyPairSync('ed448').privateKey.export({ format: 'pem', type: 'pkcs8' })),
        ).subarray(0, 64),
    ],
    ['sixty-four zero bytes', () => new Uint8Array(64)],
  ])('row 16: %s under the publisher’s key id', (_, forge) => {
    expect(ask()).toBe('ok');
    edit(`${RELEASE}/release.json`, (envelope) => {
      const message = preAuthEncoding(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
      const sig = Buffer.from(forge(message)).toString('base64');
      envelope.signatures = [{ keyid: fingerprint(PUBLISHER.publicKey), sig }];
    });
    const before = snapshot();
    expect([add(), ask()]).toEqual(['E_SIGNATURE', 'E_SIGNATURE']);
    expect(snapshot()).toEqual(before);
  });

  test('row 32: nothing to verify is no success, wherever nothing is', () => {
    expect(exitOf(verifyAll(world.project))).toBe(3);
    expect(summarize([])).toMatchObject({ ok: false, code: 'E_NO_SUBJECTS' });
    // A registry without a release; a policy without a registry; an archive without a proof.
    const empty = createWorld();
    try {
      mkdirSync(join(empty.registry, 'release'), { recursive: true });
      expect(exitOf(verifySubject(empty.project, empty.registry))).toBe(3);
    } finally {
      empty.close();
    }
    const archive = join(world.project.directory, 'x.tar');
    writeFileSync(archive, archiveOf());
    const unsigned = verifySubject(world.project, archive);
    expect([exitOf(unsigned), unsigned[0]!.code]).toEqual([3, 'E_UNSIGNED']);
    unlinkSync(archive);
    world.setPolicy({ registries: [] });
    expect(CODES[ask() as ErrorCode].exit).toBe(3);
    expect(CODES[add() as ErrorCode].exit).toBe(3);
    world.setPolicy({});
    expect([ask(), add(), exitOf(verifyAll(world.project))]).toEqual(['ok', 'ok', 0]);
  });

  test('row 19: what was shown is what is installed, and what was verified is what runs, whatever is swapped in between', () => {
    const fetched = fetchPinned(world.project, 'local/hello');
    writeFileSync(at(`${RELEASE}/archive.tar`), archiveOf({ files: { 'README.md': 'other' } }));
    rmSync(at('status.json'));
    expect(installFetched(world.project, fetched).verdict.ok).toBe(true);
    const [locked] = world.project.installed();
    const main = join(world.project.store.path(locked!.digest), 'files', 'dev.signet', 'main.js');
    const loaded = loadBundle(world.project, locked!);
    const bytes = readFileSync(main);
    writeFileSync(main, 'evil();\n');
    expect(Buffer.from(loaded.verified!.files.get('dev.signet/main.js')!.bytes)).toEqual(bytes);
    expect(loadBundle(world.project, locked!).verdict.code).toBe('E_FILE_CHANGED');
    writeFileSync(main, bytes);
    expect(loadBundle(world.project, locked!).verdict.ok).toBe(true);
  });

  test('row 29: a second registry that offers the namespace as well is never asked', () => {
    const away = createWorld();
    try {
      away.publish({ version: '9.0.0' });
      world.setPolicy({
        registries: [
          { name: 'home', location: world.registry, root: world.fingerprint, namespaces: ['local'] },
          { name: 'away', location: away.registry, root: away.fingerprint, namespaces: ['acme'] },
        ],
      });
      expect(add()).toBe('ok');
      expect(world.project.installed()[0]).toMatchObject({ version: '1.0.0', registry: 'home' });
    } finally {
      away.close();
    }
  });

  test('row 8: what the attacks sign with are real keys, which would pass where they may sign', () => {
    resign(PUBLISHER);
    expect(ask()).toBe('ok');
    resign(STRANGER);
    expect(ask()).toBe('E_SIGNER');
  });
});
