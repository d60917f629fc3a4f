// Turns of the batches of one worker: bundles take turns, however many batches each of them has waiting.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Turns } from '../../host/turns.ts';

test('so many go at once; the others wait, in the order of their owners', () => {
  const turns = new Turns(2);
  const went: string[] = [];
  for (const batch of ['a1', 'a2', 'a3', 'a4', 'b1', 'a5', 'b2', 'c1'])
    turns.take(batch[0] as string, () => went.push(batch));
  expect(went).toEqual(['a1', 'a2']);
  for (let turn = 0; turn < 6; turn++) turns.giveBack();
  expect(went.slice(2)).toEqual(['a3', 'b1', 'c1', 'a4', 'b2', 'a5']);
  expect(turns.size).toBe(0);
});

test('who waits alone is next but for what was sent already, whatever another has waiting', () => {
  const turns = new Turns(2);
  const went: string[] = [];
  for (let batch = 0; batch < 10_000; batch++) turns.take('flood', () => went.push('flood'));
  turns.take('single', () => went.push('single'));
  while (!went.includes('single')) turns.giveBack();
  expect(went.length).toBeLessThanOrEqual(4);
});

test('what is forgotten never goes, and takes no turn from others', () => {
  const turns = new Turns(1);
  const went: string[] = [];
  turns.take('a', () => went.push('a1'));
  const [second, third] = [() => went.push('a2'), () => went.push('a3')];
  turns.take('a', second);
  turns.take('b', third);
  turns.forget('a', second);
  turns.forget('a', second);
  turns.giveBack();
  expect(went).toEqual(['a1', 'a3']);
  turns.giveBack();
  turns.take('c', () => went.push('c1'));
  expect(went.at(-1)).toBe('c1');
});

test('whatever happens, at most so many are under way, each goes once, and nobody goes twice while another waits', () => {
  const step = fc.oneof(
    fc.record({ owner: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.constant('end' as const),
    fc.record({ forget: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 200 }), (window, steps) => {
      const turns = new Turns(window);
      /** With the turn that was the last when it came. */
      const waiting: { owner: string; since: number; go: () => void }[] = [];
      const went: string[] = [];
      let underWay = 0;
      const end = (): void => {
        underWay--;
        const before = went.length;
        turns.giveBack();
        if (went.length === before) return;
        const waited = waiting.some(({ owner, since }) => owner !== went.at(-1) && since < before);
        if (waited) expect(went.at(-1)).not.toBe(went.at(-2));
      };
      for (const one of steps) {
        if (one === 'end') {
          if (underWay > 0) end();
        } else if ('owner' in one) {
          const { owner } = one;
          const go = (): void => {
            const at = waiting.findIndex((other) => other.owner === owner);
            expect(waiting[at]?.go).toBe(go);
            waiting.splice(at, 1);
            underWay++;
            went.push(owner);
          };
          waiting.push({ owner, since: went.length, go });
          turns.take(owner, go);
        } else {
          const [entry] = waiting.splice(one.forget % (waiting.length || 1), 1);
          if (entry !== undefined) turns.forget(entry.owner, entry.go);
        }
        expect(underWay).toBeLessThanOrEqual(window);
        expect(turns.size).toBe(waiting.length);
        if (underWay < window) expect(waiting).toEqual([]);
      }
      while (underWay > 0) end();
      expect([turns.size, waiting.length]).toEqual([0, 0]);
    }),
  );
});
