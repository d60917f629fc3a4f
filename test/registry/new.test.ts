// `registry new`: what it writes builds as it is; what it refuses leaves nothing behind.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildBundle } from '../../registry/build.ts';
import { createFromTemplate } from '../../registry/new.ts';
import { evaluate } from './evaluator.ts';
import { temporary, write } from './folders.ts';
import { codeOf } from './tar-bytes.ts';

const templates = fileURLToPath(new URL('../../sdk/template', import.meta.url));
const make = (folder: string, more: Partial<Parameters<typeof createFromTemplate>[0]> = {}): string[] =>
  createFromTemplate({ kind: 'skill', folder, name: 'my-first', namespace: 'acme', templates, ...more });

test('a folder from the template builds and carries the names that were given', async () => {
  const folder = path.join(temporary(), 'a/b');
  expect(make(folder)).toEqual(['README.md', 'index.ts', 'plugin.json', 'skills/my-first/SKILL.md']);
  const text = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'));
  expect(text.join()).not.toContain('template');
  const { manifest, warnings } = await buildBundle({ folder, evaluate });
  expect(warnings).toEqual([]);
  expect(manifest).toMatchObject({
    name: 'my-first',
    extensions: { 'dev.signet': { namespace: 'acme', provides: [{ kind: 'skill', name: 'my_first' }] } },
  });
});

test.each([
  ['9to5', 'f9to5'],
  ['template-namespace', 'template_namespace'],
  ['a'.repeat(64), 'a'.repeat(64)],
  [`9${'a'.repeat(63)}`, `f9${'a'.repeat(62)}`],
])('the name %s becomes a function name', async (name, called) => {
  const folder = temporary();
  make(folder, { name });
  const { manifest } = await buildBundle({ folder, evaluate });
  expect([manifest.name, manifest.extensions['dev.signet'].provides[0]?.name]).toEqual([name, called]);
});

test.each([
  ['E_KIND_UNSUPPORTED', { kind: 'sender' }],
  ['E_KIND_UNSUPPORTED', { kind: 'parser' }],
  ['E_KIND_UNSUPPORTED', { kind: '../skill' }],
  ['E_USAGE', { name: 'My Plugin' }],
  ['E_USAGE', { name: '../x' }],
  ['E_USAGE', { name: 'constructor' }],
  ['E_USAGE', { namespace: 'a/b' }],
])('%s for %j, and nothing is written', (code, more) => {
  const folder = path.join(temporary(), 'new');
  expect(codeOf(() => make(folder, more))).toBe(code);
  expect(fs.existsSync(folder)).toBe(false);
});

test('a folder that holds something is left as it is', () => {
  const folder = write(temporary(), { 'index.ts': 'mine' });
  expect(codeOf(() => make(folder))).toBe('E_USAGE');
  expect(fs.readdirSync(folder)).toEqual(['index.ts']);
  expect(fs.readFileSync(path.join(folder, 'index.ts'), 'utf8')).toBe('mine');
});

test('a place that is no folder', () => {
  const folder = write(temporary(), { file: 'x' });
  expect(codeOf(() => make(path.join(folder, 'file')))).toBe('E_IO');
});
