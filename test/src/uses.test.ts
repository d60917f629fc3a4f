import { expect, test } from 'vitest';
import { UseCount } from '../../src/uses.ts';

const start = (bundle: string, callId: string) => ({ type: 'call.start', bundle, callId });

test('starts of calls are counted by bundle; the last ids are kept, oldest first', () => {
  const uses = new UseCount();
  for (let call = 1; call <= 12; call++) uses.see(start('sha256:a', `call-${call}`));
  uses.see(start('sha256:b', 'other'));
  uses.see({ type: 'call.end', callId: 'other', bundle: 'sha256:a' });
  const { calls, last } = uses.of('sha256:a');
  expect([calls, last.length, last[0], last.at(-1)]).toEqual([12, 10, 'call-3', 'call-12']);
  expect(uses.of('sha256:b')).toEqual({ calls: 1, last: ['other'] });
});

test('what was never used has no uses, and what is answered is a copy', () => {
  const uses = new UseCount();
  expect(uses.of('__proto__')).toEqual({ calls: 0, last: [] });
  uses.see(start('sha256:a', 'one'));
  uses.of('sha256:a').last.push('forged');
  expect(uses.of('sha256:a').last).toEqual(['one']);
});
