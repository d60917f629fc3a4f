// Auditing a whole registry: each damage for real, on a copy of a good one, with its code (THREATS.md 1, 8, 11, 13, 26, 27, 30).
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { fingerprint } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { auditRegistry } from '../../registry/audit.ts';
import { signHead } from '../../registry/log.ts';
import { IN_TOTO_PAYLOAD } from '../../src/contracts/statement.ts';
import { createWorld, DAY, REGISTRY_KEYS, STRANGER, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
  world.publish({ version: '1.1.0' });
  world.publish({ name: 'local/other' });
  world.write((writer) =>
    writer.revoke({ type: 'revoke', digest: `sha256:${'0'.repeat(64)}`, reason: 'test' }),
  );
});
afterEach(() => world.close());

const audit = (now = world.clock.ms) =>
  auditRegistry({
    directory: world.registry,
    pin: world.project.trust.pin(world.fingerprint)!,
    freshness: { installDays: 7, loadDays: 30 },
    now,
  });
const found = (now?: number): string[] => audit(now).findings.map(({ code, item }) => `${code} ${item}`);
const at = (path: string): string => join(world.registry, path);
const flipByte = (path: string, offset = 700): void => {
  const bytes = readFileSync(at(path));
  bytes[Math.min(offset, bytes.length - 1)]! ^= 1;
  writeFileSync(at(path), bytes);
};
const edit = (path: string, change: (document: never) => void): void => {
  const document = JSON.parse(readFileSync(at(path), 'utf8')) as never;
  change(document);
  writeFileSync(at(path), JSON.stringify(document));
};

test('a good registry has nothing to find, and every entry of it was replayed', () => {
  expect(audit()).toMatchObject({
    findings: [],
    size: 5,
    counts: { releases: 3, namespaces: 1, revocations: 1 },
  });
});

const HELLO = 'release/local/hello/1.0.0';
type Damage = [what: string, damage: () => void, expected: string[]];
test.each<Damage>([
  [
    'an archive is missing',
    () => rmSync(at(`${HELLO}/archive.tar`)),
    [`E_AUDIT_MISSING ${HELLO}/archive.tar`],
  ],
  ['an archive is changed', () => flipByte(`${HELLO}/archive.tar`), [`E_AUDIT_CHANGED ${HELLO}/archive.tar`]],
  [
    'an archive is that of another release',
    () => cpSync(at('release/local/hello/1.1.0/archive.tar'), at(`${HELLO}/archive.tar`)),
    [`E_AUDIT_CHANGED ${HELLO}/archive.tar`],
  ],
  [
    'a statement is missing',
    () => rmSync(at(`${HELLO}/release.json`)),
    [`E_AUDIT_MISSING ${HELLO}/release.json`],
  ],
  [
    'a provenance is missing',
    () => rmSync(at(`${HELLO}/provenance.json`)),
    [`E_AUDIT_MISSING ${HELLO}/provenance.json`],
  ],
  [
    'a statement says something else, by its own publisher',
    () => cpSync(at('release/local/hello/1.1.0/release.json'), at(`${HELLO}/release.json`)),
    [`E_AUDIT_CHANGED ${HELLO}/release.json`],
  ],
  [
    'a statement is signed anew by a stranger',
    () =>
      edit(`${HELLO}/release.json`, (envelope: { payload: string }) => {
        const payload = Buffer.from(envelope.payload, 'base64');
        Object.assign(envelope, signEnvelope(IN_TOTO_PAYLOAD, payload, [STRANGER]));
      }),
    [`E_SIGNER ${HELLO}/release.json`],
  ],
  [
    'a signature is changed',
    () =>
      edit(`${HELLO}/provenance.json`, (envelope: { signatures: { sig: string }[] }) => {
        envelope.signatures[0]!.sig = Buffer.alloc(64, 1).toString('base64');
      }),
    [`E_SIGNATURE ${HELLO}/provenance.json`],
  ],
  [
    'a release that no entry names is added',
    () => cpSync(at(HELLO), at('release/local/hello/9.9.9'), { recursive: true }),
    ['archive.tar', 'provenance.json', 'release.json'].map(
      (name) => `E_AUDIT_ADDED release/local/hello/9.9.9/${name}`,
    ),
  ],
  [
    'a release and its line in the index are added',
    () => {
      cpSync(at(HELLO), at('release/local/hello/9.9.9'), { recursive: true });
      edit('index/local/hello.json', (index: { versions: object[] }) => {
        index.versions.push({ ...index.versions[0], version: '9.9.9' });
      });
    },
    [
      'E_AUDIT_ADDED index/local/hello.json',
      ...['archive.tar', 'provenance.json', 'release.json'].map(
        (name) => `E_AUDIT_ADDED release/local/hello/9.9.9/${name}`,
      ),
    ],
  ],
  [
    'a file is added to a release',
    () => writeFileSync(at(`${HELLO}/notes.txt`), ''),
    [`E_AUDIT_ADDED ${HELLO}/notes.txt`],
  ],
  ['a link is added', () => symlinkSync('/etc/hostname', at('release/link')), ['E_AUDIT_ADDED release/link']],
  [
    'a link stands for an archive',
    () => {
      rmSync(at(`${HELLO}/archive.tar`));
      symlinkSync(at('release/local/hello/1.1.0/archive.tar'), at(`${HELLO}/archive.tar`));
    },
    [`E_IO ${HELLO}/archive.tar`],
  ],
  ['a folder is added', () => mkdirSync(at('extra')), ['E_AUDIT_ADDED extra']],
  [
    'a namespace document is missing',
    () => rmSync(at('namespace/local/1.json')),
    ['E_AUDIT_MISSING namespace/local/1.json'],
  ],
  [
    'a namespace document that was never logged',
    () => cpSync(at('namespace/local/1.json'), at('namespace/local/2.json')),
    ['E_AUDIT_ADDED namespace/local/2.json'],
  ],
  [
    'a namespace document of another payload',
    () =>
      edit('namespace/local/1.json', (envelope: { payload: string }) => {
        const text = Buffer.from(envelope.payload, 'base64')
          .toString()
          .replace('"threshold":1', '"threshold": 1');
        envelope.payload = Buffer.from(text).toString('base64');
      }),
    ['E_AUDIT_CHANGED namespace/local/1.json'],
  ],
  [
    'an index is missing',
    () => rmSync(at('index/local/other.json')),
    ['E_NOT_FOUND local/other', 'E_AUDIT_MISSING index/local/other.json'],
  ],
  [
    'an index leaves out a release',
    () =>
      edit('index/local/hello.json', (index: { versions: object[] }) => {
        index.versions.pop();
      }),
    ['E_AUDIT_MISSING index/local/hello.json'],
  ],
  [
    'an index names another place in the log',
    () =>
      edit('index/local/hello.json', (index: { versions: { index: number }[] }) => {
        index.versions[0]!.index = 3;
      }),
    ['E_AUDIT_MISSING index/local/hello.json', 'E_AUDIT_ADDED index/local/hello.json'],
  ],
  [
    'the namespace index is missing',
    () => rmSync(at('index/local.json')),
    ['E_NOT_FOUND local', 'E_AUDIT_MISSING index/local.json'],
  ],
  ['the status is missing', () => rmSync(at('status.json')), ['E_REGISTRY status.json']],
  ['the checkpoint is missing', () => rmSync(at('checkpoint')), ['E_REGISTRY checkpoint']],
  [
    'the checkpoint is signed by a stranger',
    () => {
      const [origin, size, root] = readFileSync(at('checkpoint'), 'utf8').split('\n');
      const head = { size: Number(size), root: Buffer.from(root!, 'base64') };
      writeFileSync(at('checkpoint'), signHead(origin!, head, STRANGER));
    },
    ['E_NOTE_UNTRUSTED checkpoint'],
  ],
  ['the root is no document', () => writeFileSync(at('root/1.json'), '{'), ['E_JSON root/1.json']],
  [
    'a root is added that does not follow',
    () => cpSync(at('root/1.json'), at('root/2.json')),
    ['E_ROOT_ROTATION root v1'],
  ],
  [
    'a later root is added behind a gap',
    () => cpSync(at('root/1.json'), at('root/7.json')),
    ['E_AUDIT_ADDED root/7.json'],
  ],
])('%s', (_, damage, expected) => {
  damage();
  const result = audit();
  expect(found()).toEqual(expected);
  for (const { sentence, expected: should, actual, fix } of result.findings)
    for (const text of [sentence, should, actual, fix]) expect(text).not.toBe('');
});

test.each([
  ['entries', '5', 'E_LOG_CORRUPT'],
  ['0', '5', 'E_LOG_CORRUPT'],
  ['entries', '2', 'E_AUDIT_CHANGED tile/entries/000.p/2'],
  ['0', '2', 'E_AUDIT_CHANGED tile/0/000.p/2'],
])(
  'row 13: a damaged tile (%s, width %s), the newest or one that was replaced since',
  (level, width, expected) => {
    const path = `tile/${level}/000.p/${width}`;
    flipByte(path, 40);
    expect(found().some((line) => line.startsWith(expected))).toBe(true);
  },
);

test('a tile of a larger log than the one that is signed', () => {
  cpSync(at('tile/0/000.p/5'), at('tile/0/000.p/6'));
  expect(found()).toEqual(['E_AUDIT_ADDED tile/0/000.p/6']);
});

test('row 2: a status that names an older newest document or root, or none', () => {
  const path = at('status.json');
  const envelope = JSON.parse(readFileSync(path, 'utf8'));
  const document = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
  const say = (change: object): string[] => {
    const payload = formatDocument({ ...document, ...change });
    writeFileSync(path, JSON.stringify(signEnvelope(envelope.payloadType, payload, [REGISTRY_KEYS.status])));
    return found();
  };
  expect(say({})).toEqual([]);
  expect(say({ namespaces: [] })).toEqual(['E_AUDIT_MISSING status.json']);
  expect(say({ rootVersion: 2 })).toEqual(['E_AUDIT_MISSING status.json', 'E_AUDIT_ADDED status.json']);
});

test('a revocation that the status leaves out, and one that no entry names', () => {
  const digest = `sha256:${'1'.repeat(64)}`;
  const path = at('status.json');
  const envelope = JSON.parse(readFileSync(path, 'utf8')) as { payload: string; payloadType: string };
  const document = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as {
    revoked: { digests: object[] };
  };
  document.revoked.digests = [{ digest, reason: 'x', index: 4 }];
  const signed = signEnvelope(envelope.payloadType, formatDocument(document), [REGISTRY_KEYS.status]);
  writeFileSync(path, formatDocument(signed));
  expect(found()).toEqual(['E_AUDIT_MISSING status.json', 'E_AUDIT_ADDED status.json']);
});

test('entries that contradict what was logged before', () => {
  world.write((writer) => {
    const digest = `sha256:${'2'.repeat(64)}`;
    const again = {
      type: 'publish',
      name: 'local/hello',
      version: '1.0.0',
      archive: digest,
      release: digest,
      provenance: null,
    } as const;
    writer.commit([
      again,
      { ...again, name: 'acme/tool' },
      { type: 'namespace', namespace: 'local', version: 7, document: digest },
      { type: 'yank', name: 'local/nothing', version: '1.0.0', reason: 'x' },
      { type: 'yank', name: 'local/hello', version: '1.0.0', reason: 'x' },
      { type: 'revoke-key', key: fingerprint(STRANGER.publicKey), fromIndex: 0, reason: 'x' },
    ]);
  });
  const lines = found();
  for (const index of [5, 6, 7, 8]) expect(lines).toContain(`E_AUDIT_ORDER log entry #${index}`);
  expect(lines).not.toContain('E_AUDIT_ORDER log entry #9');
  expect(lines).toContain('E_AUDIT_MISSING release/acme/tool/1.0.0/archive.tar');
});

test('rows 2, 12: an older log, and another history, than the ones that were seen', () => {
  const pin = world.project.trust.pin(world.fingerprint)!;
  const zero = `sha256:${'0'.repeat(64)}`;
  const seen = (size: number) => ({
    directory: world.registry,
    pin: { ...pin, checkpoint: { origin: 'x', size, root: zero, note: '' } },
    freshness: { installDays: 7, loadDays: 30 },
    now: world.clock.ms,
  });
  const codes = (size: number) => auditRegistry(seen(size)).findings.map(({ code }) => code);
  expect(codes(6)).toEqual(['E_ROLLBACK']);
  expect(codes(5)).toEqual(['E_EQUIVOCATION']);
  expect(codes(3)).toEqual(['E_EQUIVOCATION']);
});

test('row 4: a status that is too old is one finding among others', () => {
  rmSync(at(`${HELLO}/archive.tar`));
  expect(found(world.clock.ms + 8 * DAY)).toEqual([
    'E_STATUS_STALE status',
    `E_AUDIT_MISSING ${HELLO}/archive.tar`,
  ]);
});

test('a folder that cannot be read is named, and nothing is changed by an audit', () => {
  const before = readdirSync(world.registry, { recursive: true });
  chmodSync(at('checkpoint'), 0o644);
  audit();
  expect(readdirSync(world.registry, { recursive: true })).toEqual(before);
});
