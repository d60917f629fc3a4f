import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFixture, type Fixture, grantsOf, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
let data: string;
beforeEach(() => {
  fixture = createFixture();
  data = join(fixture.folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'jobs.yaml'), 'jobs');
  writeFileSync(join(fixture.folder, 'secret'), 'secret');
  writeFileSync(join(fixture.folder, 'grants.yaml'), 'version: 1\ngrants: []\n');
  fixture.grants = grantsOf({ capability: 'fs.read', class: 'observe', path: fixture.folder });
});
afterEach(() => fixture.close());

const read = (path: string, overrides = {}) => fixture.perform(fixture.call(overrides), 'fs.read', { path });
const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };
const text = (content: string) => ({ ok: true, value: JSON.stringify({ text: content }) });

describe('beyond the grant (THREATS.md H10, H14, H15)', () => {
  test.each(['data/../secret', 'data/./jobs.yaml', 'data//jobs.yaml', 'data/../../../etc/passwd', 'data/'])(
    'a path that is not plain: %s',
    async (path) => {
      expect(await read(`${fixture.folder}/${path}`)).toMatchObject(DENIED);
    },
  );
  test('through a link, within the granted folder or out of it', async () => {
    symlinkSync('/etc/passwd', join(data, 'passwd'));
    symlinkSync(fixture.folder, join(data, 'up'));
    expect(await read(join(data, 'passwd'))).toMatchObject(DENIED);
    expect(await read(join(data, 'up', 'secret'))).toMatchObject(DENIED);
  });
  test('a hard link to grants.yaml, and grants.yaml, state and database themselves', async () => {
    linkSync(join(fixture.folder, 'grants.yaml'), join(data, 'harmless.yaml'));
    for (const name of ['data/harmless.yaml', 'grants.yaml', '.signet/state.db', '.signet/journal'])
      expect(await read(join(fixture.folder, name)), name).toMatchObject(DENIED);
    fixture.grants = grantsOf({
      capability: 'fs.read',
      class: 'observe',
      path: join(fixture.folder, '.signet'),
    });
    expect(await read(join(fixture.folder, '.signet', 'state.db'))).toMatchObject(DENIED);
  });
  test('a FIFO and a device', async () => {
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(data, 'fifo')]);
    expect(await read(join(data, 'fifo'))).toMatchObject(DENIED);
    fixture.grants = grantsOf({ capability: 'fs.read', class: 'observe', path: '/dev' });
    expect(await read('/dev/zero')).toMatchObject(DENIED);
  });
  test('outside: refused with the command that grants exactly this file', async () => {
    expect(await read('/etc/hostname')).toMatchObject({
      ...DENIED,
      fix: "signet grant acme/tool fs.read --path /etc/hostname --reason 'asked for by skill/work'",
    });
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', code: 'E_CAPABILITY_DENIED' });
  });
  test('a grant of another bundle, an expired one', async () => {
    const grant = { capability: 'fs.read', class: 'observe', path: data };
    fixture.grants = grantsOf({ ...grant, bundle: 'acme/other' });
    expect(await read(join(data, 'jobs.yaml'))).toMatchObject(DENIED);
    fixture.grants = grantsOf({ ...grant, expires: '2026-03-01T12:00:01Z' });
    expect(await read(join(data, 'jobs.yaml'))).toEqual(text('jobs'));
    fixture.now = NOW + 1_000;
    expect(await read(join(data, 'jobs.yaml'))).toMatchObject(DENIED);
  });
  test('paths that the manifest does not name, although granted', async () => {
    const requests = [{ id: 'fs.read', paths: [data] }] as const;
    expect(await read(join(fixture.folder, 'secret'), { requests })).toMatchObject(DENIED);
    expect(await read(join(data, 'jobs.yaml'), { requests })).toEqual(text('jobs'));
  });
});

test.each([{ path: 'relative' }, { path: `/${'x'.repeat(4096)}` }, { path: '/x', follow: true }, {}])(
  '%j is E_CAPABILITY_ARGS',
  async (args) => {
    expect(await fixture.perform(fixture.call(), 'fs.read', args)).toMatchObject({
      code: 'E_CAPABILITY_ARGS',
    });
  },
);

test('a NUL in a path is not plain', async () => {
  expect(await read(`${data}/jobs.yaml\0.txt`)).toMatchObject(DENIED);
});

test('a file in a granted folder, or granted by itself, is read; also in a dry run and by a kind that observes', async () => {
  const path = join(data, 'jobs.yaml');
  expect(await read(path, { dryRun: true, kind: 'extractor', fn: 'extractor/jobs' })).toEqual(text('jobs'));
  fixture.grants = grantsOf({ capability: 'fs.read', class: 'observe', path });
  expect(await read(path)).toEqual(text('jobs'));
  expect(fixture.records().map(({ type }) => type)).toEqual([
    'effect.intent',
    'effect.outcome',
    'effect.intent',
    'effect.outcome',
  ]);
});

test('the built-in root needs no grant, but a manifest that asks', async () => {
  fixture.grants = grantsOf();
  const path = join(fixture.folder, '.signet', 'example', 'jobs.yaml');
  writeFileSync(path, 'example');
  expect(await read(path)).toEqual(text('example'));
  expect(await read(path, { requests: [] })).toMatchObject(DENIED);
  expect(await read(join(fixture.folder, '.signet', 'state.db'))).toMatchObject(DENIED);
});

test('what fails while it is read is journalled as failed', async () => {
  expect(await read(join(data, 'none'))).toMatchObject({ code: 'E_NOT_FOUND' });
  expect(fixture.records().at(-1)).toMatchObject({
    type: 'effect.outcome',
    status: 'failed',
    code: 'E_NOT_FOUND',
    resultHash: null,
  });
});

describe('bytes and lists', () => {
  test('bytes come back as base64; as text they are E_FORMAT', async () => {
    const path = join(data, 'bytes');
    writeFileSync(path, Buffer.from([0xff, 0]));
    const args = { path, encoding: 'base64' };
    expect(await fixture.perform(fixture.call(), 'fs.read', args)).toEqual({
      ok: true,
      value: '{"base64":"/wA="}',
    });
    expect(await read(path)).toMatchObject({ code: 'E_FORMAT' });
    expect(await fixture.perform(fixture.call(), 'fs.read', { path, encoding: 'hex' })).toMatchObject({
      code: 'E_CAPABILITY_ARGS',
    });
  });

  const list = (path: string, overrides = {}) =>
    fixture.perform(fixture.call(overrides), 'fs.list', { path });

  test('a granted folder is listed, under grants and requests of fs.read', async () => {
    expect(await list(data)).toEqual({
      ok: true,
      value: '{"entries":[{"name":"jobs.yaml","type":"file"}]}',
    });
    expect(fixture.records()[0]).toMatchObject({ capability: 'fs.list', target: data, class: 'observe' });
    expect(await list(data, { requests: [{ id: 'fs.write', paths: 'granted' }] })).toMatchObject(DENIED);
    expect(await list('/etc')).toMatchObject({
      ...DENIED,
      fix: "signet grant acme/tool fs.read --path /etc --reason 'asked for by skill/work'",
    });
  });

  test('what is protected is not, nor through a link', async () => {
    symlinkSync(join(fixture.folder, '.signet'), join(data, 'link'));
    expect(await list(join(fixture.folder, '.signet'))).toMatchObject(DENIED);
    expect(await list(join(data, 'link'))).toMatchObject(DENIED);
  });
});
