import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addGrant,
  createGrantReader,
  type GrantDraft,
  grantId,
  isExpired,
  loadGrants,
  removeGrant,
} from '../../host/grants.ts';
import { acquireLock } from '../../host/state-lock.ts';
import { sha256 } from '../../keys/hash.ts';
import { configDirectory } from '../../keys/keyring.ts';
import type { Principal } from '../../src/contracts/plan.ts';
import { digestOf } from '../../src/digest.ts';
import { NOW, temporaryFolder } from './broker-fixture.ts';

const clock = { now: () => NOW };
const ann: Principal = { kind: 'human', id: 'ann' };
const reading: GrantDraft = {
  bundle: 'acme/tool',
  capability: 'fs.read',
  class: 'observe',
  path: '/data',
  reason: 'to read jobs',
};
const listing: GrantDraft = {
  bundle: 'acme/tool',
  capability: 'exec',
  class: 'observe',
  command: 'crontab -l',
  program: '/usr/bin/crontab',
  args: ['-l'],
  stdin: false,
  shell: false,
  reason: 'to see jobs',
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, 'grants.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

const ITEM = '  - bundle: acme/tool\n    capability: kv\n    class: observe\n    reason: r\n    by: ann\n';

describe('a grants.yaml that is refused: E_CONFIG', () => {
  test.each([
    ['an unknown field at the top', `version: 1\nall: true\ngrants: []\n`],
    ['an unknown field in a grant', `version: 1\ngrants:\n${ITEM}    allow: all\n`],
    ['another version', `version: 2\ngrants: []\n`],
    ['no list', `version: 1\n`],
    ['two documents', `version: 1\ngrants: []\n---\nversion: 1\ngrants:\n${ITEM}`],
    ['a duplicate key', `version: 1\ngrants: []\ngrants:\n${ITEM}`],
    ['an alias bomb', `version: 1\ngrants: &a [*a, *a]\n`],
    ['a capability that is never granted', `version: 1\ngrants:\n${ITEM.replace('kv', 'state')}`],
    ['a relative path', `version: 1\ngrants:\n${ITEM.replace('kv', 'fs.read')}    path: data\n`],
    [
      'fs.read that mutates',
      `version: 1\ngrants:\n${ITEM.replace('kv', 'fs.read').replace('observe', 'mutate')}    path: /data\n`,
    ],
    [
      'a secret that mutates',
      `version: 1\ngrants:\n${ITEM.replace('kv', 'secret').replace('observe', 'mutate')}    name: KEY\n    use: { mac: { algorithms: [hmac-sha256] } }\n`,
    ],
    [
      'a secret in a header that is the host’s own',
      `version: 1\ngrants:\n${ITEM.replace('kv', 'secret')}    name: KEY\n    use: { http: { origin: 'https://a.example', methods: [GET], header: Host } }\n`,
    ],
    [
      'http with a path in its origin',
      `version: 1\ngrants:\n${ITEM.replace('kv', 'http')}    origin: https://a.example/v1\n    methods: [GET]\n`,
    ],
    ['no class', `version: 1\ngrants:\n${ITEM.replace('    class: observe\n', '')}`],
    ['an expiry that is no time', `version: 1\ngrants:\n${ITEM}    expires: tomorrow\n`],
    [
      'one thing granted twice, in two classes',
      `version: 1\ngrants:\n${ITEM}${ITEM.replace('observe', 'mutate')}`,
    ],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe])],
  ])('%s', (_, text) => {
    writeFileSync(file, text);
    expect(() => loadGrants(file)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
    expect(() => addGrant(file, listing, ann, clock)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
    expect(readFileSync(file)).toEqual(Buffer.from(text as string));
  });

  test('the line is named', () => {
    writeFileSync(file, 'version: 1\ngrants: []\ngrants: []\n');
    expect(() => loadGrants(file)).toThrow(expect.objectContaining({ item: `${file}:3` }));
  });

  test('the line of a wrong shape, and of two grants that say the same, is named', () => {
    const head = 'version: 1\ngrants:\n';
    const lines = ITEM.split('\n').length - 1;
    const wrong = ITEM.replace(/class: \w+/, 'class: sometimes');
    writeFileSync(file, head + ITEM + wrong);
    const at = 3 + lines + wrong.split('\n').findIndex((line) => line.includes('sometimes'));
    expect(() => loadGrants(file)).toThrow(
      expect.objectContaining({
        code: 'E_CONFIG',
        item: `${file}:${at}`,
        message: expect.stringContaining(`line ${at}: grants.1.class: `),
      }),
    );
    writeFileSync(file, head + ITEM + ITEM);
    expect(() => loadGrants(file)).toThrow(`line ${3 + lines}: grants.1: says the same as grants.0`);
  });

  test('its valid twin is read', () => {
    writeFileSync(file, `version: 1\ngrants:\n${ITEM}`);
    expect(loadGrants(file).grants).toHaveLength(1);
  });
});

test('the epoch is the digest of the bytes, of nothing where there is no file', () => {
  expect(loadGrants(file).epoch).toBe(digestOf(sha256, ''));
  const text = `# a note\nversion: 1\ngrants:\n${ITEM}`;
  writeFileSync(file, text);
  expect(loadGrants(file).epoch).toBe(digestOf(sha256, text));
});

test('only grants of that bundle and capability are found, the stricter class first', () => {
  const bundle = 'acme/tool';
  addGrant(file, listing, ann, clock);
  const { command: _, ...byArgv } = listing as Extract<GrantDraft, { capability: 'exec' }>;
  addGrant(file, { ...byArgv, class: 'mutate' }, ann, clock);
  addGrant(file, { ...listing, bundle: 'acme/other' }, ann, clock);
  const grants = loadGrants(file);
  expect(grants.of(bundle, 'exec').map((grant) => grant.class)).toEqual(['mutate', 'observe']);
  expect(grants.of(bundle, 'fs.read')).toEqual([]);
  expect(grants.of('acme/too', 'exec')).toEqual([]);
});

test('an id is that of origin, methods and path, of a secret’s name and use; not of what may be corrected', () => {
  const http: GrantDraft = {
    bundle: 'acme/tool',
    capability: 'http',
    class: 'observe',
    origin: 'https://a.example',
    methods: ['GET', 'HEAD'],
    pathPrefix: '/',
    private: false,
    reason: 'r',
  };
  const scope = { origin: http.origin, methods: ['GET'], pathPrefix: '/' };
  const secret = (use: Extract<GrantDraft, { capability: 'secret' }>['use'], name = 'KEY'): GrantDraft => ({
    bundle: 'acme/tool',
    capability: 'secret',
    class: 'observe',
    name,
    use,
    reason: 'r',
  });
  const inHeader = secret({ http: { ...scope, header: 'X-Key', format: '{}' } });
  const mac = secret({ mac: { algorithms: ['hmac-sha256'] } });
  for (const same of [
    { ...http, methods: ['HEAD', 'GET'] },
    { ...http, private: true, maxBytes: 1, class: 'mutate' },
  ] as GrantDraft[])
    expect(grantId(same)).toBe(grantId(http));
  expect(grantId(secret({ http: { ...scope, header: 'Y', format: 'a {}' } }))).toBe(grantId(inHeader));
  const all = [
    http,
    { ...http, methods: ['GET'] },
    { ...http, pathPrefix: '/v1/' },
    { ...http, origin: 'https://b.example' },
    inHeader,
    mac,
    secret({ mac: { algorithms: ['hmac-sha256'] } }, 'OTHER'),
  ];
  expect(new Set(all.map(grantId)).size).toBe(all.length);
});

describe('who may grant', () => {
  test.each(['agent', 'service', 'tool'] as const)('a principal of kind %s may not: E_GRANT', (kind) => {
    const by: Principal = { kind, id: 'ann' };
    expect(() => addGrant(file, reading, by, clock)).toThrow(expect.objectContaining({ code: 'E_GRANT' }));
    expect(existsSync(file)).toBe(false);
    const granted = addGrant(file, reading, ann, clock);
    expect(() => removeGrant(file, grantId(granted), by, clock)).toThrow(
      expect.objectContaining({ code: 'E_GRANT' }),
    );
    expect(loadGrants(file).grants).toEqual([granted]);
  });
});

describe('adding and removing', () => {
  test('a malformed grant, and the same thing once more, are E_GRANT and change nothing', () => {
    addGrant(file, reading, ann, clock);
    const before = readFileSync(file, 'utf8');
    for (const draft of [
      { ...reading, path: 'relative' },
      { ...reading, path: '/other', class: 'mutate' },
      { ...reading, path: '/other', reason: '' },
      reading,
      { ...reading, reason: 'another reason', expires: '2030-01-01T00:00:00Z' },
    ] as GrantDraft[]) {
      expect(() => addGrant(file, draft, ann, clock)).toThrow(expect.objectContaining({ code: 'E_GRANT' }));
    }
    expect(() => removeGrant(file, 'g-000000000000', ann, clock)).toThrow(
      expect.objectContaining({ code: 'E_GRANT' }),
    );
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual(['grants.yaml']);
  });

  test('the others, the comments and the mode stay', () => {
    writeFileSync(file, `# by hand\nversion: 1\ngrants:\n  # why\n${ITEM.trimEnd()}`, { mode: 0o600 });
    addGrant(file, reading, ann, clock);
    const granted = addGrant(file, listing, ann, clock);
    expect(granted).toEqual({ ...listing, by: 'ann' });
    expect(loadGrants(file).grants.map((grant) => grant.capability)).toEqual(['kv', 'fs.read', 'exec']);
    expect(readFileSync(file, 'utf8')).toMatch(/^# by hand\n[\s\S]*# why\n/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each([
    [
      'flow style',
      `version: 1\ngrants: [{bundle: acme/x, capability: kv, class: observe, reason: r, by: b}]\n`,
    ],
    ['the list first', `grants:\n${ITEM}version: 1\n`],
    ['other indentation', `version: 1\ngrants:\n${ITEM.replace(/^ {2}/gm, '')}`],
  ])('a file laid out otherwise (%s) keeps its grants', (_, text) => {
    writeFileSync(file, text);
    const before = loadGrants(file).grants;
    const granted = addGrant(file, reading, ann, clock);
    expect(loadGrants(file).grants).toEqual([...before, granted]);
  });

  test('an expired grant is replaced, a removed one is gone', () => {
    const old = addGrant(file, { ...reading, expires: '2026-01-01T00:00:00Z' }, ann, clock);
    expect(isExpired(old, NOW)).toBe(true);
    addGrant(file, listing, ann, clock);
    const renewed = addGrant(file, reading, ann, clock);
    expect(loadGrants(file).grants).toHaveLength(2);
    expect(removeGrant(file, grantId(renewed), ann, clock)).toEqual(renewed);
    expect(loadGrants(file).grants.map((grant) => grant.capability)).toEqual(['exec']);
  });

  test('while another command changes the file: E_GRANT, nothing lost', () => {
    const other = acquireLock(`${file}.lock`, clock);
    expect(() => addGrant(file, reading, ann, clock)).toThrow(expect.objectContaining({ code: 'E_GRANT' }));
    other.release();
    addGrant(file, reading, ann, clock);
    expect(readdirSync(folder)).toEqual(['grants.yaml']);
  });

  test('a grants.yaml that is a link stays one', () => {
    const real = join(folder, 'real.yaml');
    writeFileSync(real, `version: 1\ngrants:\n${ITEM}`);
    symlinkSync(real, file);
    addGrant(file, reading, ann, clock);
    expect(loadGrants(real).grants).toHaveLength(2);
    expect(readdirSync(folder)).toEqual(['grants.yaml', 'real.yaml']);
  });
});

test('a reader sees every change, and grants nothing from a file that became invalid', () => {
  const read = createGrantReader(file);
  expect(read().grants).toEqual([]);
  addGrant(file, reading, ann, clock);
  expect(read().grants).toHaveLength(1);
  expect(read()).toBe(read());
  writeFileSync(file, 'version: 1\ngrants: all\n');
  expect(read).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  expect(read).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  rmSync(file);
  expect(read().grants).toEqual([]);
});

describe('what no grant reaches is refused when it is granted: E_GRANT', () => {
  const read = (path: string): GrantDraft => ({ ...reading, path });
  test.each([
    '.signet',
    '.signet/store',
    '.signet/example',
    'policy.yaml',
    'grants.yaml',
    'signet.lock.json',
  ])('%s of the project', (name) => {
    expect(() => addGrant(file, read(join(folder, name)), ann, clock)).toThrow(
      expect.objectContaining({ code: 'E_GRANT' }),
    );
    expect(existsSync(file)).toBe(false);
  });
  test('the keys, and a link to what is guarded', () => {
    mkdirSync(join(folder, '.signet'));
    symlinkSync(join(folder, '.signet'), join(folder, 'link'));
    for (const path of [join(configDirectory(), 'publisher'), join(folder, 'link', 'token')])
      expect(() => addGrant(file, read(path), ann, clock)).toThrow(
        expect.objectContaining({ code: 'E_GRANT' }),
      );
  });
  test('for writing also what is built in, and the code that runs', () => {
    const write = (path: string): GrantDraft => ({
      bundle: 'acme/tool',
      capability: 'fs.write',
      class: 'mutate',
      path,
      reason: 'r',
    });
    for (const path of [
      join(folder, '.signet', 'example'),
      import.meta.resolve('zod').slice('file://'.length),
    ])
      expect(() => addGrant(file, write(path), ann, clock)).toThrow(
        expect.objectContaining({ code: 'E_GRANT' }),
      );
    expect(() => addGrant(file, { ...write('/data'), class: 'observe' }, ann, clock)).toThrow(
      expect.objectContaining({ code: 'E_GRANT' }),
    );
    expect(addGrant(file, write('/data'), ann, clock)).toMatchObject({ path: '/data' });
  });
  test.each(['.signets', 'jobs.yaml', ''])('its twin "%s" is granted', (name) => {
    const granted = addGrant(file, read(join(folder, name)), ann, clock);
    expect(loadGrants(file).grants).toEqual([granted]);
  });
});
