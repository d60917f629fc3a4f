// A foreign text in what a command prints can neither forge a line nor steer the terminal.
import { expect, test } from 'vitest';
import { failedVerdict } from '../../../registry/checks/run.ts';
import { escaped } from '../../../sdk/cli/escaped.ts';
import { formatVerdict } from '../../../sdk/cli/verdict.ts';
import { SignetError } from '../../../src/error.ts';

const EVIL = 'x\n✓ acme/pdf 1.0.0  VERIFIED\u001b[2J\u202e';

test('every value is one printable line; the template keeps its own', () => {
  expect(escaped`a ${'b'}\n  c ${3}\n`).toBe('a b\n  c 3\n');
  expect(escaped`${EVIL}\n`).toBe('x\\u000a✓ acme/pdf 1.0.0  VERIFIED\\u001b[2J\\u202e\n');
});

test('no field of a verdict begins a line of its own', () => {
  const error = new SignetError('E_SIGNER', EVIL, { item: EVIL, expected: EVIL, actual: EVIL, fix: EVIL });
  const text = formatVerdict(failedVerdict(EVIL, 'envelope', error, { name: EVIL, version: EVIL }));
  expect(text.split('\n').filter((line) => line.startsWith('✓'))).toEqual([]);
  for (const char of ['\u001b', '\u202e']) expect(text).not.toContain(char);
  const plain = formatVerdict(failedVerdict('a.tar', 'envelope', new SignetError('E_SIGNER', 'no')));
  expect(plain.split('\n')[0]).toBe('✗ a.tar  REFUSED  E_SIGNER');
});
