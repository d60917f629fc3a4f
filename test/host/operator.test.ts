// Who a host acts for: the user of the process, also one that the user database does not know.
import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { operator } from '../../host/operator.ts';

test('the user by name, always the same', () => {
  expect(operator()).toEqual({ kind: 'human', id: userInfo().username });
  expect(operator()).toEqual(operator());
});

describe('SIGNET_PRINCIPAL', () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each(['human:root', 'agent:', 'agent', 'root', 'AGENT:x', ' agent:x', `agent:${'x'.repeat(257)}`])(
    '%j gives nobody authority: E_USAGE',
    (named) => {
      vi.stubEnv('SIGNET_PRINCIPAL', named);
      expect(operator).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    },
  );

  test.each([
    ['agent:planner 7', { kind: 'agent', id: 'planner 7' }],
    ['service:ci', { kind: 'service', id: 'ci' }],
    ['tool:exec', { kind: 'tool', id: 'exec' }],
    ['', { kind: 'human', id: userInfo().username }],
  ])('%j', (named, principal) => {
    vi.stubEnv('SIGNET_PRINCIPAL', named);
    expect(operator()).toEqual(principal);
  });
});

test.runIf(process.getuid?.() === 0)('a user without an entry, by number', () => {
  const module = fileURLToPath(new URL('../../host/operator.ts', import.meta.url));
  // Started as this user, since another may not read these sources, and made the other one before the question.
  const script = `const { operator } = await import(${JSON.stringify(module)}); process.setuid(54321); console.log(JSON.stringify(operator()));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(child.stderr).toBe('');
  expect(JSON.parse(child.stdout)).toEqual({ kind: 'human', id: 'uid 54321' });
});
