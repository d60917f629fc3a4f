// The bytes of a record: what goes in comes out, what breaks off is a prefix, what was changed is found.
import { describe, expect, test } from 'vitest';
import {
  formatBatch,
  formatEnding,
  formatHashes,
  formatHead,
  hashOf,
  nextChain,
  parseRecord,
} from '../../host/record-format.ts';
import type { GenerationHead } from '../../src/contracts/record.ts';
import { expectCode } from '../src/expect-code.ts';

const HEAD: GenerationHead = {
  type: 'generation/1',
  id: '20261120-0123456789ab-1',
  at: 1,
  engine: { node: '26.10.0', v8: '14', arch: 'x64', signet: '1.0.0', prelude: `sha256:${'a'.repeat(64)}` },
  bundle: { name: 'acme/x', version: '1.0.0', digest: `sha256:${'b'.repeat(64)}` },
  tenant: 'default',
  heapMb: 64,
  mode: 'full',
};
const BATCHES: readonly (readonly [string, string])[] = [
  ['[1,2,"k"]', ''],
  ['[1,0,[1,"a","skill/run","ä\\n€",true]]', '2 a - 4\nnull'],
  ['[2,0,[7,"a"]]', ''],
];
const kept = new Map<string, Uint8Array>();
const store = (value: string): string => {
  kept.set(hashOf(value), Buffer.from(value));
  return hashOf(value);
};
const load = (hash: string): Uint8Array | undefined => kept.get(hash);
const frame = (pushed: string, drained: string): string =>
  formatBatch([{ text: pushed }], [{ text: drained }], [hashOf(pushed), hashOf(drained)], store);
const { bytes: head, chain: first } = formatHead(HEAD);
const WHOLE = Buffer.concat([
  head,
  Buffer.from(BATCHES.map(([pushed, drained]) => frame(pushed, drained)).join('') + formatEnding('closed')),
]);

function chains(): string[] {
  let chain = first;
  return BATCHES.map(([pushed, drained]) => {
    chain = nextChain(chain, hashOf(pushed), hashOf(drained));
    return chain;
  });
}

test('comes out as it went in, and the chain is the same with texts and without', () => {
  const { head: read, batches, ending } = parseRecord(WHOLE, load);
  expect([read, ending]).toEqual([HEAD, 'closed']);
  expect(batches).toEqual(
    BATCHES.map(([pushed, drained], i) => ({ pushed, drained, chain: chains()[i] as string })),
  );
  const hashes = BATCHES.map(([pushed, drained]) => formatHashes(hashOf(pushed), hashOf(drained))).join('');
  const bare = parseRecord(Buffer.concat([head, Buffer.from(hashes)]), load);
  expect(bare.batches.map(({ chain }) => chain)).toEqual(chains());
  expect([bare.batches.some((batch) => 'pushed' in batch), bare.ending]).toEqual([false, undefined]);
});

test('cut at any byte it is a prefix, or says that it has no head', () => {
  for (let cut = 0; cut < WHOLE.length; cut++) {
    if (cut < head.length) {
      expectCode(() => parseRecord(WHOLE.subarray(0, cut), load), 'E_RECORD');
      continue;
    }
    const { batches } = parseRecord(WHOLE.subarray(0, cut), load);
    expect(batches.map(({ chain }) => chain)).toEqual(chains().slice(0, batches.length));
  }
});

test('one changed byte is refused, or makes it another chain, or breaks it off', () => {
  const sound = parseRecord(WHOLE, load);
  for (let at = 0; at < WHOLE.length; at++) {
    const bytes = Buffer.from(WHOLE);
    bytes[at] = (bytes[at] as number) ^ 1;
    try {
      const read = parseRecord(bytes, load);
      const same = read.batches.length === 3 && read.batches.at(-1)?.chain === sound.batches.at(-1)?.chain;
      expect(same && read.ending === 'closed').toBe(false);
    } catch (thrown) {
      expect(['E_RECORD', 'E_FORMAT_VERSION']).toContain((thrown as { code: string }).code);
    }
  }
});

describe('values that are kept once', () => {
  const value = 'v'.repeat(50);
  const text = `[1,0,[5,"a.1","${value}"]]`;
  const parts = [{ text: '[1,0,[5,"a.1","' }, { value }, { text: '"]]' }];
  const bytes = Buffer.concat([
    head,
    Buffer.from(formatBatch(parts, [], [hashOf(text), hashOf('')], store) + frame('[2]', '')),
  ]);

  test('stand in their place again', () => {
    expect(parseRecord(bytes, load).batches[0]).toMatchObject({ pushed: text, drained: '' });
  });

  test('that are gone leave the hashes and the chain; that were changed are refused', () => {
    const [gone, next] = parseRecord(bytes, () => undefined).batches;
    expect(gone).toMatchObject({ pushedHash: hashOf(text), drainedHash: hashOf('') });
    expect(next).toMatchObject({ pushed: '[2]', chain: parseRecord(bytes, load).batches[1]?.chain });
    expectCode(() => parseRecord(bytes, () => Buffer.from('w'.repeat(50))), 'E_RECORD');
  });
});

test('another file, and a later format', () => {
  expectCode(() => parseRecord(Buffer.from('#!/bin/sh\n'), load), 'E_RECORD');
  expectCode(() => parseRecord(Buffer.from('signet record/2\n{}\n'), load), 'E_FORMAT_VERSION');
  expectCode(() => parseRecord(Buffer.from('signet record/1\n{}\n'), load), 'E_RECORD');
  expectCode(() => parseRecord(Buffer.concat([head, Buffer.from('X 1\n')]), load), 'E_RECORD');
});
