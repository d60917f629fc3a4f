// One call settles once.
import { expect, it } from 'vitest';
import { Call } from '../../host/call.ts';
import { SignetError } from '../../src/error.ts';
import { callOptions, outcomeOf } from './guest-fixture.ts';
import { refusal } from './refusal.ts';

function start(run: (call: Call) => void, options = {}): Promise<string> {
  return outcomeOf(
    new Promise<string>((resolve, reject) => {
      run(new Call('skill/x', '{"a":1}', callOptions(options), { resolve, reject }));
    }),
  );
}

it('writes its message, the name quoted', () => {
  const settle = { resolve: () => undefined, reject: () => undefined };
  const call = new Call('a"b', '{"a":1}', callOptions({ callId: 'id', dryRun: true }), settle);
  expect(JSON.parse(call.message)).toEqual([1, 'id', 'a"b', { a: 1 }, true]);
  expect(refusal(() => new Call('x', '1', callOptions({ callId: '"' }), settle))).toBe('E_USAGE');
  expect(refusal(() => new Call('x', '1', callOptions({ wallMs: Number.NaN }), settle))).toBe('E_USAGE');
});

it('takes the first outcome', async () => {
  const failure = new SignetError('E_TIMEOUT', 'late');
  expect(
    await start((call) => {
      call.succeed('1');
      call.fail(failure);
    }),
  ).toBe('ok 1');
  expect(
    await start((call) => {
      call.fail(failure);
      call.succeed('1');
    }),
  ).toBe('E_TIMEOUT');
});

it('measures its output in UTF-8 bytes', async () => {
  expect(await start((call) => call.succeed('"中"'), { outputBytes: 5 })).toBe('ok "中"');
  expect(await start((call) => call.succeed('"中"'), { outputBytes: 4 })).toBe('E_OUTPUT');
});

it('listens to its signal until it is settled', async () => {
  const controller = new AbortController();
  let aborted = 0;
  await start(
    (call) => {
      call.onAbort = () => aborted++;
      controller.abort();
      call.succeed('1');
    },
    { signal: controller.signal },
  );
  expect(aborted).toBe(1);
  const later = new AbortController();
  await start(
    (call) => {
      call.onAbort = () => aborted++;
      call.succeed('1');
      later.abort();
    },
    { signal: later.signal },
  );
  expect(aborted).toBe(1);
});
