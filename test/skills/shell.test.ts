import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestBundle, type TestBundle } from '../../sdk/testing.ts';

let bundle: TestBundle;
let answer: { exitCode: number; stdout: string; stderr: string };
beforeAll(async () => {
  bundle = await openTestBundle(new URL('../../skills/shell', import.meta.url).pathname, () => ({
    status: 'done',
    ...answer,
  }));
});
afterAll(() => bundle.close());

const observe = (input: object) => bundle.call('observer/shell_command', input);
const failed = { exitCode: 1, stdout: '', stderr: 'no crontab for me' };

test('what the command printed is handed over as it is', async () => {
  answer = { exitCode: 0, stdout: ' a\nb ', stderr: 'noise' };
  expect(await observe({ command: 'ls', timeout_sec: 3 })).toEqual({ raw: ' a\nb ' });
  expect(bundle.asked.at(-1)).toEqual({ capability: 'exec', args: { command: 'ls', timeoutMs: 3_000 } });
});

test('exit 0 with no output is empty', async () => {
  answer = { exitCode: 0, stdout: '', stderr: '' };
  expect(await observe({ command: 'ls' })).toEqual({ raw: '' });
});

// command | answer | the spec's own empty_when | empty?
test.each<[string, typeof answer, object | undefined, boolean]>([
  ['crontab -l', failed, undefined, true],
  ['/usr/bin/crontab -l', failed, undefined, true],
  ['crontab -l', { ...failed, stderr: 'permission denied' }, undefined, false],
  ['crontab -l', { ...failed, exitCode: 127 }, undefined, false],
  ['grep no-crontab-for x', failed, undefined, false],
  ['ls', { ...failed, stderr: 'boom' }, undefined, false],
  ['ls', { ...failed, stderr: 'nothing here' }, { stderr_contains: 'nothing' }, true],
  ['ls', { ...failed, exitCode: 3 }, { exit_code: 3 }, true],
  ['ls', { ...failed, exitCode: 4 }, { exit_code: 3 }, false],
  ['ls', { ...failed, exitCode: 3, stderr: 'x' }, { exit_code: 3, stderr_contains: 'nothing' }, false],
  ['ls', { ...failed, stderr: 'x' }, {}, false],
])('%s with %o and empty_when %o: empty %s', async (command, given, emptyWhen, empty) => {
  answer = given;
  const call = observe({ command, ...(emptyWhen === undefined ? {} : { empty_when: emptyWhen }) });
  if (empty) expect(await call).toEqual({ raw: '' });
  else
    await expect(call).rejects.toMatchObject({
      code: 'E_GUEST',
      message: expect.stringContaining('ended with'),
    });
});

test('a spec without a command is an error', async () => {
  await expect(observe({})).rejects.toMatchObject({ code: 'E_GUEST' });
});
