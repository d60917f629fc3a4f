import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isExecutable, resolveCommand } from '../../host/resolve-command.ts';
import { temporaryFolder } from './broker-fixture.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  for (const name of ['first', 'second']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'second', 'tool-1.2'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('tool-1.2', join(folder, 'second', 'tool'));
  path = `${join(folder, 'first')}:relative::${join(folder, 'second')}`;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('only a shell can read', () => {
  test.each([
    ['tool | sort'],
    ['tool; rm x'],
    ['tool && x'],
    ['tool\nx'],
    ['tool $HOME'],
    ['tool ~/x'],
    ['tool *.txt'],
    ["tool 'a b'"],
    ['tool "a"'],
    ['tool `x`'],
    ['tool > x'],
    ['tool \\x'],
    ['A=1 tool'],
    ['tool {a,b}'],
    ['tool # x'],
    ['! tool'],
    ['tool ?'],
    ['(tool)'],
    ['tool é'],
  ])('%j', (text) => {
    expect(resolveCommand(text, path)).toEqual({ program: '/bin/sh', args: ['-c', text], shell: true });
  });
});

test('simple words are resolved on PATH, links included, once and for all', () => {
  expect(resolveCommand('  tool -l\t--all=x,y a@b:1%2+3 ', path)).toEqual({
    program: join(folder, 'second', 'tool-1.2'),
    args: ['-l', '--all=x,y', 'a@b:1%2+3'],
    shell: false,
  });
  expect(resolveCommand(`${join(folder, 'second', 'tool')} x`, '')).toMatchObject({
    program: join(folder, 'second', 'tool-1.2'),
    args: ['x'],
  });
});

test('what is no executable file in an absolute folder is passed over', () => {
  writeFileSync(join(folder, 'first', 'tool'), 'not executable', { mode: 0o644 });
  expect(resolveCommand('tool', path).program).toBe(join(folder, 'second', 'tool-1.2'));
  mkdirSync(join(folder, 'first', 'dir'));
  expect(isExecutable(join(folder, 'first', 'dir'))).toBe(false);
  chmodSync(join(folder, 'first', 'tool'), 0o755);
  expect(resolveCommand('tool', path).program).toBe(join(folder, 'first', 'tool'));
});

test.each([
  ['cd /x'],
  ['no-such-tool'],
  ['./tool'],
  ['second/tool'],
  [''],
  ['  '],
  ['tool\0'],
  ['/none/tool'],
])('%j is refused: E_GRANT', (text) => {
  expect(() => resolveCommand(text, path)).toThrow(expect.objectContaining({ code: 'E_GRANT' }));
});
