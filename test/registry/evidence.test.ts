// Evidence of two histories: kept once, listed whole, and never mistaken for anything else (THREATS.md 12).
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readEvidence } from '../../registry/evidence.ts';
import { TrustStore } from '../../registry/trust.ts';
import { START } from './fixture.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('none where nothing contradicted itself', () => expect(readEvidence(folder)).toEqual([]));

test('both notes, as they were signed', () => {
  const store = new TrustStore(folder);
  const file = store.keepEvidence('log.example', 'one\n', 'two\n', START);
  store.keepEvidence('log.example', 'one\n', 'two\n', START + 1000);
  expect(readEvidence(folder)).toEqual([
    {
      type: 'equivocation/1',
      origin: 'log.example',
      foundAt: '2026-01-01T00:00:00Z',
      checkpoints: ['one\n', 'two\n'],
      file,
    },
  ]);
});

test('damaged evidence is said to be damaged', () => {
  new TrustStore(folder).keepEvidence('log.example', 'one\n', 'two\n', START);
  const [name] = readdirSync(join(folder, 'evidence'));
  writeFileSync(join(folder, 'evidence', name!), '{');
  expect(() => readEvidence(folder)).toThrow(expect.objectContaining({ code: 'E_TRUST_STATE' }));
});
