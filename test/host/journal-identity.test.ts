// The key of a journal's checkpoints: made once, the user's, never in the state directory.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureJournalIdentity, journalIdentity } from '../../host/journal-identity.ts';
import { type ProjectPaths, projectPaths } from '../../host/paths.ts';
import { Keyring } from '../../keys/keyring.ts';
import { expectCode } from '../src/expect-code.ts';

let folder: string;
let paths: ProjectPaths;
let keyring: Keyring;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-identity-'));
  paths = projectPaths(folder);
  mkdirSync(paths.journal, { recursive: true });
  keyring = new Keyring(join(folder, 'config'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('none at first, one when it is needed, and the same ever after', () => {
  expect(journalIdentity(paths, keyring)).toBeUndefined();
  const made = ensureJournalIdentity(paths, keyring);
  expect(made.origin).toMatch(/^signet\.local\/journal\/[0-9a-f]{16}$/);
  expect(ensureJournalIdentity(paths, keyring)).toEqual(made);
  const id = made.origin.slice(-16);
  expect(statSync(join(folder, 'config', 'journal', `${id}.json`)).mode & 0o777).toBe(0o600);
  const kept = readFileSync(join(paths.journal, 'origin'), 'utf8');
  expect(kept).toBe(`${made.origin}\n`);
});

test('a key that is elsewhere, and a file that names none, are said', () => {
  const { origin } = ensureJournalIdentity(paths, keyring);
  unlinkSync(join(folder, 'config', 'journal', `${origin.slice(-16)}.json`));
  expectCode(() => journalIdentity(paths, keyring), 'E_NOT_FOUND');
  for (const text of ['', 'signet.local/journal/../../x', 'signet.local/journal/0123456789ABCDEF']) {
    writeFileSync(join(paths.journal, 'origin'), text);
    expectCode(() => journalIdentity(paths, keyring), 'E_FORMAT');
  }
});
