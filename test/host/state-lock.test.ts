import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLock, readOwner } from '../../host/state-lock.ts';
import { HostOwner } from '../../src/contracts/host.ts';
import { NOW, temporaryFolder } from './broker-fixture.ts';

const clock = { now: () => NOW };
let folder: string;
let file: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, 'host.lock');
  children = [];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  rmSync(folder, { recursive: true });
});

const LOCK_MODULE = new URL('../../host/state-lock.ts', import.meta.url).href;

/** A process that says `ready`, tries to take the lock when it is told, says the outcome, and then stays. */
async function taker(): Promise<ChildProcess> {
  const script = `
    const { acquireLock } = await import(${JSON.stringify(LOCK_MODULE)});
    process.stdout.write('ready');
    process.stdin.once('data', () => {
      try { acquireLock(${JSON.stringify(file)}, { now: () => ${NOW} }); process.stdout.write('won'); }
      catch (error) { process.stdout.write(error.code ?? String(error)); }
    });
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  expect(await said(child)).toBe('ready');
  return child;
}

const said = async (child: ChildProcess): Promise<string> => String((await once(child.stdout!, 'data'))[0]);

async function take(child: ChildProcess): Promise<string> {
  const answer = said(child);
  child.stdin!.write('go');
  return answer;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const busy = expect.objectContaining({ code: 'E_HOST_BUSY' });

test('a living owner is not displaced, and is named', async () => {
  const owner = await taker();
  expect(await take(owner)).toBe('won');
  expect(() => acquireLock(file, clock)).toThrow(busy);
  expect(() => acquireLock(file, clock)).toThrow(new RegExp(`process ${owner.pid}`));
  expect(readOwner(file)?.pid).toBe(owner.pid);
  const mine = acquireLock(join(folder, 'other.lock'), clock);
  expect(() => acquireLock(join(folder, 'other.lock'), clock)).toThrow(busy);
  mine.release();
});

test('an owner that was killed is succeeded', async () => {
  const owner = await taker();
  await take(owner);
  await kill(owner);
  expect(readOwner(file)).toBeUndefined();
  const lock = acquireLock(file, clock);
  expect(readOwner(file)).toEqual(lock.owner);
  expect(readdirSync(folder)).toEqual(['host.lock']);
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('an owner whose process id was given to another process is succeeded', () => {
  const lock = acquireLock(file, clock);
  writeFileSync(file, JSON.stringify({ ...lock.owner, startTime: 'another boot:1', nonce: '0'.repeat(32) }));
  acquireLock(file, clock).release();
  expect(existsSync(file)).toBe(false);
});

test('an owner of whom only the process id is known counts as living', () => {
  const lock = acquireLock(file, clock);
  writeFileSync(file, JSON.stringify({ ...lock.owner, startTime: null }));
  expect(() => acquireLock(file, clock)).toThrow(busy);
});

test('of several that take over a dead owner at once, exactly one wins', async () => {
  for (let round = 0; round < 3; round++) {
    const dead = await taker();
    const before = existsSync(file);
    expect(await take(dead)).toBe('won');
    expect(before).toBe(false);
    await kill(dead);
    const takers = await Promise.all([taker(), taker(), taker(), taker()]);
    const outcomes = await Promise.all(takers.map(take));
    expect(outcomes.sort()).toEqual(['E_HOST_BUSY', 'E_HOST_BUSY', 'E_HOST_BUSY', 'won']);
    for (const child of takers) await kill(child);
    acquireLock(file, clock).release();
  }
});

describe('a takeover that was cut short', () => {
  /** The record of a process that is no more. */
  const dead = (nonce: string): string => {
    const lock = acquireLock(join(folder, 'model'), clock);
    lock.release();
    return JSON.stringify({ ...lock.owner, startTime: 'another boot:1', nonce: nonce.repeat(32) });
  };

  test('after its claim: the next one finishes it', () => {
    writeFileSync(file, dead('1'));
    writeFileSync(`${file}.take-${'1'.repeat(32)}`, dead('2'));
    writeFileSync(`${file}.take-${'2'.repeat(32)}`, dead('3'));
    const lock = acquireLock(file, clock);
    expect(readOwner(file)?.nonce).toBe(lock.owner.nonce);
    expect(readdirSync(folder)).toEqual(['host.lock']);
  });

  test('after it replaced the lock: its leftover claim gives nobody a right', () => {
    writeFileSync(file, dead('2'));
    writeFileSync(`${file}.take-${'1'.repeat(32)}`, dead('2'));
    const lock = acquireLock(file, clock);
    expect(readOwner(file)?.nonce).toBe(lock.owner.nonce);
  });

  test('by a claimant that lives: busy', () => {
    writeFileSync(file, dead('1'));
    acquireLock(`${file}.take-${'1'.repeat(32)}`, clock);
    expect(() => acquireLock(file, clock)).toThrow(busy);
    expect(readOwner(file)).toBeUndefined();
  });
});

test('only one’s own lock is released or changed', () => {
  const lock = acquireLock(file, clock);
  const theirs = JSON.stringify({ ...lock.owner, nonce: 'f'.repeat(32) });
  writeFileSync(file, theirs);
  expect(() => lock.publishAddress('http://127.0.0.1:1', '/t')).toThrow(busy);
  lock.release();
  expect(readFileSync(file, 'utf8')).toBe(theirs);
  lock.release();
});

test('the address of a live host can be found; after the release there is none', () => {
  const lock = acquireLock(file, clock);
  lock.publishAddress('http://127.0.0.1:4181', '/state/token');
  expect(readOwner(file)).toMatchObject({
    pid: process.pid,
    address: 'http://127.0.0.1:4181',
    tokenFile: '/state/token',
    startedAt: '2026-03-01T12:00:00Z',
  });
  expect(() => acquireLock(file, clock)).toThrow(/answering at http:\/\/127\.0\.0\.1:4181/);
  lock.release();
  expect(readOwner(file)).toBeUndefined();
  expect(() => lock.publishAddress('http://127.0.0.1:1', '/t')).toThrow(busy);
});

test('a lock file of another shape is refused, not replaced', () => {
  writeFileSync(file, '{}');
  expect(() => acquireLock(file, clock)).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
  writeFileSync(file, '');
  expect(() => readOwner(file)).toThrow(expect.objectContaining({ code: 'E_JSON' }));
  expect(readdirSync(folder)).toEqual(['host.lock']);
  expect(HostOwner.safeParse({}).success).toBe(false);
});

test('a folder that is not there: E_IO', () => {
  expect(() => acquireLock(join(folder, 'none', 'host.lock'), clock)).toThrow(
    expect.objectContaining({ code: 'E_IO' }),
  );
});
