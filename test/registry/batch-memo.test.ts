// A memo remembers what passed, for exactly these bytes, and nothing else.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sign, verify } from '../../keys/ed25519.ts';
import { BatchMemo, partsOf } from '../../registry/batch-memo.ts';
import { createWorld, deliver, flip, key, outcomeOf, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

const pair = key(9);
const message = Buffer.from('message');
const signature = sign(pair.secretKey, message);

test('a signature is asked for once; any other key, message or signature is asked for', () => {
  let asked = 0;
  const memo = new BatchMemo();
  const remembering = memo.remembering((...parts) => {
    asked++;
    return verify(...parts);
  });
  for (let i = 0; i < 3; i++) expect(remembering(pair.publicKey, message, signature)).toBe(true);
  expect(asked).toBe(1);
  const wrong = Uint8Array.from(signature);
  wrong[0]! ^= 1;
  for (let i = 0; i < 2; i++) {
    expect(remembering(key(8).publicKey, message, signature)).toBe(false);
    expect(remembering(pair.publicKey, Buffer.from('massage'), signature)).toBe(false);
    expect(remembering(pair.publicKey, message, wrong)).toBe(false);
  }
  // What was refused is refused anew, never remembered.
  expect(asked).toBe(7);
});

test('what is thrown is not remembered; other parts are another question', () => {
  const memo = new BatchMemo();
  const fail = () => {
    throw new Error('no');
  };
  expect(() => memo.once('root', ['a'], fail)).toThrow('no');
  expect(memo.once('root', ['a'], () => 1)).toBe(1);
  expect(memo.once('root', ['a'], fail)).toBe(1);
  expect(memo.once('root', ['a', ''], () => 2)).toBe(2);
  expect(memo.once('namespace', ['a'], () => 3)).toBe(3);
});

test('it never grows without end', () => {
  const memo = new BatchMemo();
  for (let i = 0; i < 10_000; i++) memo.once('root', [i], () => i);
  let computed = 0;
  memo.once('root', [0], () => computed++);
  memo.once('root', [9_999], () => computed++);
  expect(computed).toBe(1);
});

test('row 1: with a memo that knows the genuine release, everything flipped is refused as without one', () => {
  const memo = new BatchMemo();
  const trust = { purpose: 'load', memo } as const;
  const genuine = deliver(world);
  expect(outcomeOf(world, genuine, trust)).toBe('ok');
  for (const part of ['root', 'namespace', 'status', 'provenance'] as const) {
    for (const field of ['payload', 'sig'] as const) {
      const delivered = deliver(world);
      const { proof } = delivered;
      const envelope = {
        root: proof.root[0]!,
        namespace: proof.namespace[0]!.envelope,
        status: proof.status,
        provenance: proof.provenance!,
      }[part];
      if (field === 'payload') envelope.payload = flip(envelope.payload);
      else envelope.signatures[0]!.sig = flip(envelope.signatures[0]!.sig);
      const outcome = outcomeOf(world, delivered, trust);
      expect(outcome).not.toBe('ok');
      expect(outcome).toBe(outcomeOf(world, delivered, { purpose: 'load' }));
    }
  }
  expect(outcomeOf(world, genuine, trust)).toBe('ok');
});

test('expiry is judged at its own time, memo or not', () => {
  const memo = new BatchMemo();
  const genuine = deliver(world);
  expect(outcomeOf(world, genuine, { memo })).toBe('ok');
  const later = world.clock.ms + 4000 * 86_400_000;
  expect(outcomeOf(world, genuine, { memo }, later)).toBe('namespace E_EXPIRED');
});

test('the parts of envelopes tell apart what is signed, by what, and in which envelope', () => {
  const envelope = { payloadType: 't', payload: 'p', signatures: [{ sig: 's' }] };
  expect(partsOf([envelope])).not.toEqual(partsOf([{ ...envelope, signatures: [{ keyid: 's', sig: '' }] }]));
  expect(partsOf([envelope, envelope])).not.toEqual(
    partsOf([{ ...envelope, signatures: [{ sig: 's' }, { sig: 's' }] }]),
  );
});
