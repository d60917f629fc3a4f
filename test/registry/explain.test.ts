// Code table, pages and tests belong together: a code without a page, or that no test asserts, fails here.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT_MEANS, explain, explainAll } from '../../registry/explain.ts';
import { PAGES } from '../../registry/explain-pages.ts';
import { CODES } from '../../src/error.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const textOf = (folders: readonly string[]): string =>
  folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    )
    .filter((name) => !/codes\.ts$|explain/.test(name))
    .map((name) => readFileSync(join(ROOT, name), 'utf8'))
    .join('\n');
const codes = Object.keys(CODES);

test('every code has a page, and every page a code', () => {
  expect(codes.filter((code) => !Object.hasOwn(PAGES, code))).toEqual([]);
  expect(Object.keys(PAGES).filter((code) => !Object.hasOwn(CODES, code))).toEqual([]);
});

test('every code is raised somewhere in the sources, and asserted somewhere in the tests', () => {
  const [sources, tests] = [textOf(['src', 'keys', 'registry', 'host', 'sdk']), textOf(['test'])];
  expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(sources))).toEqual([]);
  expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(tests))).toEqual([]);
});

test('a page says what it means, why, what to do and what leads to it, each in its own words', () => {
  for (const page of explainAll()) {
    const parts = [page.means, page.why, page.do, page.example];
    for (const part of parts) expect(part, page.code).toMatch(/\S/);
    expect(new Set(parts).size, page.code).toBe(4);
    expect(page.means, page.code).toMatch(/\.$/);
    expect(EXIT_MEANS[page.exit]).toMatch(/\S/);
  }
});

test('the exit codes are those of the design', () => {
  expect(new Set(Object.values(CODES).map(({ exit }) => exit))).toEqual(new Set([1, 2, 3, 4, 5, 6, 64, 70]));
  expect(explain('E_STATUS_STALE')).toMatchObject({ exit: 4, do: CODES.E_STATUS_STALE.fix });
});

test.each(['toString', '__proto__', 'constructor', '', 'E_', 'nonsense'])('%j is no code', (text) => {
  expect(() => explain(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
});

test('a code that is nearly right is answered with what comes closest', () => {
  expect(() => explain('e_status')).toThrow(
    expect.objectContaining({ expected: expect.stringContaining('E_STATUS_STALE') }),
  );
});
