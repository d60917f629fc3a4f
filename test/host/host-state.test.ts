// The files of a host are opened as one, and closed as one, also where the last of them fails.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHostState } from '../../host/host-state.ts';
import { projectPaths } from '../../host/paths.ts';
import { expectCode } from '../src/expect-code.ts';

const clock = { now: () => Date.parse('2026-03-01T12:00:00Z') };
let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'signet-state-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('it makes a state directory for this user alone, and opens again once it is closed', () => {
  const state = openHostState(folder, clock);
  expect(statSync(state.paths.state).mode & 0o777).toBe(0o700);
  expect(statSync(join(state.paths.journal, '000000000000000.records')).mode & 0o777).toBe(0o600);
  expect(state.lock.owner).toMatchObject({ pid: process.pid, startedAt: '2026-03-01T12:00:00Z' });
  state.journal.append({ type: 'host.close', at: 1 });
  expectCode(() => openHostState(folder, clock), 'E_HOST_BUSY');
  state.close();
  expect(existsSync(state.paths.lock)).toBe(false);
  const again = openHostState(folder, clock);
  expect(again.journal.size).toBe(1);
  again.close();
});

test('a journal or a database that cannot be opened leaves no lock behind', () => {
  const paths = projectPaths(folder);
  mkdirSync(join(paths.journal, '000000000000000.records'), { recursive: true });
  expectCode(() => openHostState(folder, clock), 'E_IO');
  expect(existsSync(paths.lock)).toBe(false);
  rmSync(paths.journal, { recursive: true });
  mkdirSync(paths.database);
  expectCode(() => openHostState(folder, clock), 'E_IO');
  expect(existsSync(paths.lock)).toBe(false);
  rmSync(paths.database, { recursive: true });
  openHostState(folder, clock).close();
});

test('a project is a folder that is there', () => {
  expectCode(() => openHostState(join(folder, 'nowhere'), clock), 'E_NOT_FOUND');
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  writeFileSync(join(folder, 'file'), '');
  expectCode(() => openHostState(join(folder, 'file'), clock), 'E_NOT_FOUND');
});
