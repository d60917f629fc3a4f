// A source that builds to the release, bit for bit, and one that does not.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { compareRebuild, requireSameTool } from '../../registry/rebuild.ts';
import { archiveOf, createWorld, deliver, PROVENANCE, type World } from './fixture.ts';

const code = (value: string) => expect.objectContaining({ code: value });
let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

test('the same bytes', () => {
  expect(compareRebuild(archiveOf(), archiveOf())).toMatch(/^bit for bit sha256:/);
});

test.each<[string, Record<string, string>, string]>([
  ['another file', { 'README.md': 'Greats.\n' }, 'README.md'],
  ['a file more', { 'a.txt': '' }, 'a.txt'],
  [
    'another script',
    { 'dev.signet/main.js': '__signet_define([]);\nevil();undefined\n' },
    'dev.signet/main.js',
  ],
  ['several: the first is named', { 'plugin.json': `${'{'}`, 'a.txt': '' }, 'a.txt'],
])('%s is named', (_, files, path) => {
  expect(() => compareRebuild(archiveOf(), archiveOf({ files }))).toThrow(
    expect.objectContaining({ code: 'E_REBUILD', item: path }),
  );
});

test('it says in which line the first difference is', () => {
  const files = { 'dev.signet/main.js': '__signet_define([]);undefined\nmore' };
  expect(() => compareRebuild(archiveOf(), archiveOf({ files }))).toThrow(
    expect.objectContaining({ actual: expect.stringContaining('line 2') }),
  );
});

test('another esbuild than the one recorded proves nothing, in either direction', () => {
  const proof = formatDocument(deliver(world).proof);
  expect(() => requireSameTool(proof, PROVENANCE.esbuild)).not.toThrow();
  expect(() => requireSameTool(proof, '0.27.0')).toThrow(code('E_REBUILD_TOOL'));
});

test('without provenance nothing says with what it was built', () => {
  const { proof } = deliver(world);
  expect(() => requireSameTool(formatDocument({ ...proof, provenance: null }), PROVENANCE.esbuild)).toThrow(
    code('E_PROVENANCE_MISSING'),
  );
});
