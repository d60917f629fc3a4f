import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFixture, type Fixture, grantsOf } from '../broker-fixture.ts';

let fixture: Fixture;
let data: string;
beforeEach(() => {
  fixture = createFixture();
  data = join(fixture.folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'old'), 'old');
  writeFileSync(join(fixture.folder, 'grants.yaml'), 'version: 1\ngrants: []\n');
  grant({});
});
afterEach(() => fixture.close());

const grant = (fields: object): void => {
  fixture.grants = grantsOf({ capability: 'fs.write', class: 'mutate', path: fixture.folder, ...fields });
};
const write = (args: object, overrides = {}) =>
  fixture.perform(fixture.call({ plan: fixture.plan('skill', 'work'), ...overrides }), 'fs.write', args);
const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };
const done = (bytes: number) => ({ ok: true, value: JSON.stringify({ status: 'done', bytes }) });

describe('what no grant reaches (THREATS.md H14)', () => {
  test.each([
    'grants.yaml',
    'policy.yaml',
    'signet.lock.json',
    'Grants.YAML',
    'policy.yaml.lock',
    '.signet/state.db',
    '.signet/new',
    '.signet/example/jobs.yaml',
  ])('%s: denied with everything granted, nothing changed', async (name) => {
    grant({ path: '/' });
    const before = readFileSync(join(fixture.folder, 'grants.yaml'), 'utf8');
    expect(await write({ path: join(fixture.folder, name), text: 'x' })).toMatchObject(DENIED);
    expect(readFileSync(join(fixture.folder, 'grants.yaml'), 'utf8')).toBe(before);
    expect(existsSync(join(fixture.folder, 'policy.yaml'))).toBe(false);
    expect(existsSync(join(fixture.folder, '.signet', 'new'))).toBe(false);
    // Its valid twin.
    expect(await write({ path: join(data, 'new'), text: 'x' })).toEqual(done(1));
  });
  test('in a dry run it is denied as well, not promised', async () => {
    const path = join(fixture.folder, '.signet', 'new');
    expect(await write({ path, text: 'x' }, { dryRun: true, plan: undefined })).toMatchObject(DENIED);
  });
});

describe('beyond the grant (THREATS.md H10, H15)', () => {
  test.each(['data/../x', 'data/./x', 'data//x', 'data/x/', 'data/../../../etc/x'])(
    'a path that is not plain: %s',
    async (path) => {
      expect(await write({ path: `${fixture.folder}/${path}`, text: 'x' })).toMatchObject(DENIED);
      expect(readdirSync(data)).toEqual(['old']);
    },
  );
  test('through links, of folders and of files', async () => {
    symlinkSync(fixture.folder, join(data, 'up'));
    symlinkSync(join(fixture.folder, 'grants.yaml'), join(data, 'file'));
    for (const path of ['up/x', 'file'])
      expect(await write({ path: join(data, path), text: 'x' })).toMatchObject(DENIED);
    expect(existsSync(join(fixture.folder, 'x'))).toBe(false);
  });
  test('a hard link is replaced, not written through', async () => {
    writeFileSync(join(fixture.folder, 'other'), 'other');
    linkSync(join(fixture.folder, 'other'), join(data, 'name'));
    expect(await write({ path: join(data, 'name'), text: 'new' })).toEqual(done(3));
    expect(readFileSync(join(fixture.folder, 'other'), 'utf8')).toBe('other');
  });
  test('outside: the line that grants exactly this file; a grant to read grants no writing', async () => {
    fixture.grants = grantsOf({ capability: 'fs.read', class: 'observe', path: data });
    const path = join(data, 'new');
    const fix = `signet grant acme/tool fs.write --path ${path} --reason 'asked for by skill/work'`;
    expect(await write({ path, text: 'x' })).toMatchObject({ ...DENIED, fix });
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', target: path, fix });
  });
  test('paths that the manifest does not name', async () => {
    const requests = [{ id: 'fs.write', paths: [data] }] as const;
    expect(await write({ path: join(fixture.folder, 'x'), text: 'x' }, { requests })).toMatchObject(DENIED);
    expect(await write({ path: join(data, 'x'), text: 'x' }, { requests })).toEqual(done(1));
  });
  test('a kind that may not write', async () => {
    const call = { kind: 'extractor', fn: 'extractor/work' } as const;
    expect(await write({ path: join(data, 'x'), text: 'x' }, call)).toMatchObject(DENIED);
  });
  test('more bytes than granted: E_LIMIT; as many are written', async () => {
    grant({ maxBytes: 4 });
    const path = join(data, 'old');
    expect(await write({ path, text: 'ééx' })).toMatchObject({ code: 'E_LIMIT' });
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(await write({ path, text: 'éé' })).toEqual(done(4));
  });
});

describe('dry run and plan (THREATS.md H12)', () => {
  test('in a dry run it says what it would write, and does not', async () => {
    const path = join(data, 'old');
    const answer = await write({ path, text: 'new' }, { dryRun: true, plan: undefined });
    expect(answer).toMatchObject({ ok: true });
    expect(JSON.parse((answer as { value: string }).value)).toEqual({
      status: 'would',
      action: expect.stringMatching(/^write \/.*\/old: 3 bytes, sha256:[0-9a-f]{64}$/),
    });
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.outcome', status: 'would' });
  });
  test('without a plan: E_PLAN_REQUIRED', async () => {
    expect(await write({ path: join(data, 'old'), text: 'new' }, { plan: undefined })).toMatchObject({
      code: 'E_PLAN_REQUIRED',
    });
    expect(readFileSync(join(data, 'old'), 'utf8')).toBe('old');
  });
});

test.each([
  { path: 'relative', text: '' },
  { path: '/x' },
  { path: '/x', text: '', base64: '' },
  { path: '/x', text: 1 },
  { path: '/x', text: '', mode: 'append' },
  { path: '/x', text: '', owner: 0 },
])('%j is E_CAPABILITY_ARGS', async (args) => {
  expect(await write(args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
});

test.each(['AA=', 'AB==', 'A A='])('base64 %j, which is not canonical, is E_BASE64', async (base64) => {
  expect(await write({ path: join(data, 'x'), base64 })).toMatchObject({ code: 'E_BASE64' });
  expect(readdirSync(data)).toEqual(['old']);
});

test('text and bytes are written; create refuses what is there', async () => {
  const path = join(data, 'new');
  expect(await write({ path, base64: Buffer.from([0, 255]).toString('base64'), mode: 'create' })).toEqual(
    done(2),
  );
  expect(readFileSync(path)).toEqual(Buffer.from([0, 255]));
  expect(await write({ path, text: 'x', mode: 'create' })).toMatchObject({ code: 'E_EXISTS' });
  expect(readFileSync(path)).toEqual(Buffer.from([0, 255]));
  expect(await write({ path, text: '' })).toEqual(done(0));
  expect(fixture.records().at(-2)).toMatchObject({
    type: 'effect.intent',
    capability: 'fs.write',
    class: 'mutate',
    target: path,
    grant: expect.stringMatching(/^g-/),
  });
});
