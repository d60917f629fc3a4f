// The table of codes, the sources that raise them and the tests that assert them agree, each way (STYLE.md "Errors").
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES, type ErrorCode } from '../../src/error.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
const TABLE = Object.keys(CODES) as ErrorCode[];
/** Beside the table itself: what gives a code an HTTP status raises nothing. */
const NOT_RAISING = ['src/codes.ts', 'src/error.ts'];
const HERE = ['test/src/codes.test.ts', 'test/src/error.test.ts'];

function files(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') || file.endsWith('.js'))
      .map((file) => join(folder, file)),
  );
}

/** Without comments, which may speak of any code. */
function code(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1');
}

function codesIn(text: string): string[] {
  return [...text.matchAll(/(?<![A-Za-z0-9_])E_[A-Z][A-Z0-9_]*/g)].map(([found]) => found);
}

const SOURCES = files('src', 'keys', 'registry', 'host', 'sdk', 'skills').filter(
  (file) => !NOT_RAISING.includes(file),
);
const used = new Set(
  SOURCES.flatMap((file) => {
    const text = code(file);
    return codesIn(file === 'host/api.ts' ? text.replace(/const STATUS:[\s\S]*?\};/, '') : text);
  }),
);
const asserted = new Set(
  files('test')
    .filter((file) => file.endsWith('.test.ts') && !HERE.includes(file))
    .flatMap((file) => codesIn(code(file))),
);

test('the files were found', () => {
  expect(SOURCES.length).toBeGreaterThan(100);
  expect(SOURCES).toContain('host/api.ts');
  expect(used.size).toBeGreaterThan(50);
  expect(asserted.size).toBeGreaterThan(50);
});

test('every code of the table is raised by some source', () => {
  expect(TABLE.filter((one) => !used.has(one))).toEqual([]);
});

test('every code of the table is asserted by some test', () => {
  expect(TABLE.filter((one) => !asserted.has(one))).toEqual([]);
});

test('every code that a source names is in the table', () => {
  expect([...used].filter((one) => !Object.hasOwn(CODES, one))).toEqual([]);
});

describe('every row', () => {
  test.each(TABLE)('%s', (one) => {
    const { exit, means, fix } = CODES[one];
    expect([1, 2, 3, 4, 5, 6, 64, 70]).toContain(exit);
    for (const sentence of [means, fix]) {
      expect(sentence).toMatch(/^\S.*\.$/);
      expect(sentence).not.toMatch(/\n|\.\.$| {2}/);
      expect(sentence.length).toBeLessThan(200);
    }
    expect(means).not.toBe(fix);
  });
});

test('no two codes mean the same', () => {
  const means = TABLE.map((one) => CODES[one].means);
  expect(new Set(means).size).toBe(means.length);
});
