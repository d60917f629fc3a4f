// Our own vectors (test/vectors): one failure each, regenerated in memory and compared with what is committed, and refused by the
// check and with the code that they are labelled with. The committed bytes are what is verified.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECK_NAMES } from '../../src/contracts/verdict.ts';
import { CODES } from '../../src/error.ts';
import { vectorFiles } from '../vectors/all.ts';
import { type VectorFile, verdictOn } from '../vectors/vector.ts';

const FOLDER = join(import.meta.dirname, '../vectors/fixtures');
const committed = new Map(
  readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(FOLDER, path), readFileSync(path)]),
);
const vectors = [...committed]
  .filter(([path]) => path.endsWith('.json') && !path.startsWith('envelopes/'))
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([path, bytes]) => [path.replace(/\.json$/, ''), JSON.parse(bytes.toString()) as VectorFile] as const);
const archives = (path: string): Uint8Array => committed.get(path)!;

test('what is committed is what the recipe makes, byte for byte (npx node test/vectors/make.ts)', () => {
  const made = vectorFiles();
  expect([...committed.keys()].sort()).toEqual([...made.keys()].sort());
  const differs = [...made].filter(([path, bytes]) => Buffer.compare(bytes, committed.get(path)!) !== 0);
  expect(differs.map(([path]) => path)).toEqual([]);
});

test('every check has its vectors, and all of them together stay small', () => {
  const refusing = new Set(vectors.map(([, { expect: label }]) => (label === 'ok' ? 'valid' : label.check)));
  expect([...refusing].sort()).toEqual([...CHECK_NAMES, 'valid'].sort());
  expect(vectors.length).toBeGreaterThan(200);
  const bytes = [...committed.values()].reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBeLessThan(1_572_864);
});

test('every archive is used, and every refusal names a valid twin', () => {
  const used = new Set(
    vectors.map(([, { archive }]) => archive).filter((archive) => typeof archive === 'string'),
  );
  expect([...committed.keys()].filter((path) => path.endsWith('.tar') && !used.has(path))).toEqual([]);
  const valid = new Set(vectors.filter(([, { expect: label }]) => label === 'ok').map(([id]) => id));
  for (const [id, vector] of vectors) {
    if (vector.expect === 'ok') expect(vector.twin).toBeUndefined();
    else expect(valid, id).toContain(vector.twin);
  }
});

describe('each comes out as it is labelled', () => {
  test.each(vectors)('%s', (id, vector) => {
    const verdict = verdictOn(vector, archives);
    const failed = verdict.checks.find(({ state }) => state === 'fail');
    const said = verdict.ok ? 'ok' : { check: failed?.name, code: verdict.code };
    expect(said, failed?.detail).toEqual(vector.expect);
    if (vector.expect === 'ok' || failed === undefined) return;
    expect(id.startsWith(`${vector.expect.check}/`)).toBe(true);
    // Every earlier check passed, or says why it does not apply; no later one ran.
    const at = verdict.checks.indexOf(failed);
    for (const [i, { state }] of verdict.checks.entries()) {
      if (i !== at) expect(i < at ? ['pass', 'skip'] : ['not_run']).toContain(state);
    }
    // A person is told what to do.
    expect(CODES).toHaveProperty(vector.expect.code);
    expect(failed.detail).toMatch(/\S/);
    expect(failed.expected, failed.detail).toMatch(/\S/);
    expect(failed.actual, failed.detail).toMatch(/\S/);
    expect(failed.fix).toMatch(/\S/);
  });
});
