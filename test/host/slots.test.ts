import { expect, test } from 'vitest';
import { Slots } from '../../host/slots.ts';

test('so many at once, in order, also where one throws', async () => {
  const slots = new Slots(2);
  const begun: number[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const running = [1, 2, 3, 4].map((id) =>
    slots.run(async () => {
      begun.push(id);
      const end = Promise.withResolvers<void>();
      ends.push(end);
      await end.promise;
      return id;
    }),
  );
  const results = Promise.allSettled(running);
  expect(begun).toEqual([1, 2]);
  ends[0]?.reject(new Error('no'));
  await expect(running[0]).rejects.toThrow('no');
  expect(begun).toEqual([1, 2, 3]);
  ends[1]?.resolve();
  expect(await running[1]).toBe(2);
  expect(begun).toEqual([1, 2, 3, 4]);
  for (const end of ends) end.resolve();
  await results;
  expect(await slots.run(async () => 5)).toBe(5);
});
