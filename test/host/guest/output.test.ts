// The records of a batch, and their bound.
import { expect, it } from 'vitest';
import { drain, emit, hasRoom, MAX_BODY } from '../../../host/guest/output.ts';
import { parseDrained } from '../../../host/records.ts';

it('drains what was emitted, once, as the other side reads it', () => {
  emit(2, 'a', '-', '{"x":"ä\\n"}');
  emit(4, 'b.1', 'kv.get', '{}');
  expect(parseDrained(drain())).toEqual([
    { kind: 2, id: 'a', name: '-', body: '{"x":"ä\\n"}' },
    { kind: 4, id: 'b.1', name: 'kv.get', body: '{}' },
  ]);
  expect(drain()).toBe('');
});

it('has room until the bound, and again once drained', () => {
  expect([hasRoom(MAX_BODY), hasRoom(MAX_BODY + 1)]).toEqual([true, false]);
  emit(2, 'a', '-', 'x'.repeat(MAX_BODY));
  expect(hasRoom(MAX_BODY)).toBe(false);
  expect(hasRoom(1_000)).toBe(true);
  drain();
  expect(hasRoom(MAX_BODY)).toBe(true);
});
