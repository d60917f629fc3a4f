// The reasons refer to rows that exist.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGES } from '../../registry/explain-pages.ts';
import { sharedPath } from '../shared.ts';

const threats = sharedPath('THREATS.md');

test.skipIf(threats === undefined)('every row that a reason names is a row of THREATS.md', () => {
  const text = readFileSync(threats as string, 'utf8');
  const named = Object.values(PAGES).flatMap(({ why }) =>
    [...why.matchAll(/\[([^\]]+)\]/g)].flatMap(([, rows = '']) => rows.split(', ')),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((row) => !new RegExp(`^\\| ${row} (?:⚠ )?\\|`, 'm').test(text))).toEqual([]);
});
