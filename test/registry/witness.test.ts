// Witness cosignatures: THREATS.md 4, 7, 12, 17; the byte form is that of C2SP tlog-cosignature.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { fingerprint, formatPublicKey, type KeyPair, sign, verify } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { rootFingerprint } from '../../keys/root.ts';
import { refreshRegistry } from '../../registry/fetch.ts';
import { install } from '../../registry/install.ts';
import { signHead } from '../../registry/log.ts';
import { checkWitnesses, cosign, readCosignatures } from '../../registry/witness.ts';
import { type Envelope, ROOT_PAYLOAD, type RootDocument } from '../../src/contracts/statement.ts';
import { formatNote, parseNote } from '../../src/note.ts';
import {
  createWorld,
  DAY,
  deliver,
  key,
  outcomeOf,
  REGISTRY_KEYS,
  START,
  verdictOf,
  type World,
} from './fixture.ts';

const [ALICE, BOB, MALLORY] = [key(21), key(22), key(23)] as const;
const NOTE = signHead('log.example', { size: 3, root: new Uint8Array(32).fill(7) }, REGISTRY_KEYS.log);
const code = (value: string) => expect.objectContaining({ code: value });
const role = (keys: readonly KeyPair[], threshold: number) => ({
  keys: keys.map(({ publicKey }) => publicKey),
  threshold,
});
const check = (note: string, changes: object = {}, now = START) =>
  checkWitnesses(
    note,
    { role: role([ALICE, BOB], 2), quorum: 0, purpose: 'install', maxDays: 7, ...changes },
    now,
    verify,
  );

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.close());

/** The registry's first root anew, with these witnesses; pinned in place of the old one. */
function withWitnesses(witnesses: readonly KeyPair[], threshold: number): void {
  const path = join(world.registry, 'root/1.json');
  const { payload } = JSON.parse(readFileSync(path, 'utf8')) as Envelope;
  const document = JSON.parse(Buffer.from(payload, 'base64').toString()) as RootDocument;
  document.keys.push(...witnesses.map(({ publicKey }) => formatPublicKey(publicKey)));
  document.roles.witness = { keys: witnesses.map(({ publicKey }) => fingerprint(publicKey)), threshold };
  const envelope = signEnvelope(ROOT_PAYLOAD, formatDocument(document), [REGISTRY_KEYS.root]);
  writeFileSync(path, formatDocument(envelope));
  const root = rootFingerprint(envelope);
  world.project.trust.pinRoot(root, true);
  world.setPolicy({ registries: [{ name: 'home', location: world.registry, root, namespaces: ['local'] }] });
}

/** Has the witnesses cosign the registry's checkpoint at that time. */
function witnessed(witnesses: readonly KeyPair[], at = world.clock.ms): void {
  const path = join(world.registry, 'checkpoint');
  let note = readFileSync(path, 'utf8');
  for (const [i, witness] of witnesses.entries()) note = cosign(note, `witness${i}.example`, witness, at);
  writeFileSync(path, note);
}

test('a cosignature is key hash with type 4, eight bytes of time, and a signature over header and checkpoint', () => {
  const { text, signatures } = parseNote(cosign(NOTE, 'witness.example', ALICE, START + 999));
  const line = signatures.at(-1)!;
  const hash = createHash('sha256')
    .update('witness.example\n')
    .update(Buffer.of(4))
    .update(ALICE.publicKey)
    .digest();
  expect(Buffer.from(line.keyHash)).toEqual(hash.subarray(0, 4));
  expect(line.signature).toHaveLength(72);
  expect(Buffer.from(line.signature).readBigUInt64BE(0)).toBe(BigInt(START / 1000));
  const message = Buffer.from(`cosignature/v1\ntime ${START / 1000}\n${text}`);
  expect(verify(ALICE.publicKey, message, line.signature.subarray(8))).toBe(true);
});

test('witnesses count by their keys, once each, whatever they are called', () => {
  let note = cosign(NOTE, 'alice.example', ALICE, START);
  note = cosign(note, 'alice-again.example', ALICE, START);
  expect(readCosignatures(note, [ALICE.publicKey, BOB.publicKey], verify)).toHaveLength(1);
  expect(() => check(note)).toThrow(code('E_WITNESS'));
  expect(check(cosign(note, 'bob.example', BOB, START))).toMatch(/^witnesses 2\/2, 0 h old/);
});

test('cosigning anew replaces the old time; the newest of several counts', () => {
  const once = cosign(cosign(NOTE, 'a', ALICE, START), 'a', ALICE, START + DAY);
  expect(parseNote(once).signatures).toHaveLength(2);
  expect(readCosignatures(once, [ALICE.publicKey], verify)).toMatchObject([{ at: START + DAY }]);
});

test('a stranger’s cosignature means nothing; a wrong one of a witness refuses the whole checkpoint', () => {
  const note = cosign(NOTE, 'mallory', MALLORY, START);
  expect(readCosignatures(note, [ALICE.publicKey], verify)).toEqual([]);
  const { text, signatures } = parseNote(cosign(NOTE, 'alice', ALICE, START));
  const good = signatures.at(-1)!;
  const changed: [string, (bytes: Uint8Array) => Uint8Array][] = [
    ['another time', (bytes) => bytes.with(7, bytes[7]! ^ 1)],
    ['another signature', (bytes) => bytes.with(40, bytes[40]! ^ 1)],
    ['no time', (bytes) => bytes.subarray(8)],
    ['time zero', (bytes) => Uint8Array.from([...new Uint8Array(8), ...bytes.subarray(8)])],
    ['a plain note signature', () => sign(ALICE.secretKey, Buffer.from(text))],
  ];
  for (const [, change] of changed) {
    const bad = formatNote(text, [
      ...signatures.slice(0, -1),
      { ...good, signature: change(good.signature) },
    ]);
    expect(() => readCosignatures(bad, [ALICE.publicKey], verify)).toThrow(code('E_NOTE_SIGNATURE'));
  }
});

test('the policy may only raise the quorum, and what no one can give is refused', () => {
  const both = cosign(cosign(NOTE, 'a', ALICE, START), 'b', BOB, START);
  expect(check(both, { role: role([ALICE, BOB], 1), quorum: 0 })).toMatch(/^witnesses 2\/1/);
  expect(check(both, { role: role([ALICE, BOB], 1), quorum: 2 })).toMatch(/^witnesses 2\/2/);
  expect(() => check(cosign(NOTE, 'a', ALICE, START), { quorum: 1 })).toThrow(code('E_WITNESS'));
  expect(() => check(both, { quorum: 3 })).toThrow(code('E_WITNESS'));
  expect(() => check(NOTE, { role: undefined, quorum: 1 })).toThrow(code('E_WITNESS'));
  expect(check(NOTE, { role: undefined })).toBe('');
});

test('row 4: what the quorum saw too long ago is stale for installing, and what loading expects', () => {
  let note = cosign(NOTE, 'a', ALICE, START);
  note = cosign(note, 'b', BOB, START + 9 * DAY);
  expect(() => check(note, {}, START + 9 * DAY)).toThrow(code('E_CHECKPOINT_STALE'));
  expect(check(note, { purpose: 'load' }, START + 9 * DAY)).toMatch(/9 days old/);
  expect(check(cosign(note, 'a', ALICE, START + 8 * DAY), {}, START + 9 * DAY)).toMatch(/24 h old/);
});

test('a witness whose clock runs ahead does not count', () => {
  const note = cosign(cosign(NOTE, 'a', ALICE, START + DAY), 'b', BOB, START);
  expect(() => check(note)).toThrow(code('E_WITNESS'));
});

test('a whole release under a root with witnesses: refused without them, verified and installed with them', () => {
  withWitnesses([ALICE, BOB], 2);
  world.publish();
  expect(outcomeOf(world, deliver(world))).toBe('log E_WITNESS');
  expect(install(world.project, 'local/hello').bundle).toBeUndefined();
  expect(() => refreshRegistry(world.project, world.project.policy().registries[0]!)).toThrow(
    code('E_WITNESS'),
  );
  witnessed([ALICE]);
  expect(outcomeOf(world, deliver(world))).toBe('log E_WITNESS');
  witnessed([ALICE, BOB]);
  const verdict = verdictOf(world, deliver(world));
  expect(verdict.ok).toBe(true);
  expect(verdict.checks.find(({ name }) => name === 'log')?.detail).toContain('witnesses 2/2');
  expect(install(world.project, 'local/hello').bundle).toBeDefined();
  // A new checkpoint needs them anew.
  world.publish({ version: '1.1.0' });
  expect(install(world.project, 'local/hello').verdict.code).toBe('E_WITNESS');
});

test('who cosigns need not find it witnessed, but everything else', () => {
  withWitnesses([ALICE], 1);
  world.publish();
  const home = world.project.policy().registries[0]!;
  expect(refreshRegistry(world.project, home, true).head.size).toBe(2);
  witnessed([ALICE]);
  expect(refreshRegistry(world.project, home).witnessed).toContain('witnesses 1/1');
});
