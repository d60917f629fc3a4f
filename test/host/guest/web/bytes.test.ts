// Views of bytes.
import { expect, it } from 'vitest';
import { bytesOf } from '../../../../host/guest/web/bytes.ts';

it('shows the bytes of buffers and of what views show', () => {
  const { buffer } = Uint8Array.of(1, 2, 3, 4);
  expect([...bytesOf(buffer)]).toEqual([1, 2, 3, 4]);
  expect([...bytesOf(new DataView(buffer, 1, 2))]).toEqual([2, 3]);
  expect([...bytesOf(new Uint16Array(buffer, 2, 1))]).toEqual([3, 4]);
  bytesOf(buffer)[0] = 9;
  expect(new Uint8Array(buffer)[0]).toBe(9);
});
