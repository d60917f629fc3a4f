// A passphrase typed on a terminal: erasing keys, ends, and on a real terminal that nothing is echoed.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { askHidden, readLine } from '../../keys/terminal.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const typed = (text: string): string => {
  const bytes = [...Buffer.from(text)];
  return readLine(() => bytes.shift());
};

test.each([
  ['abc\r', 'abc'],
  ['abc\nd', 'abc'],
  ['\r', ''],
  ['abx\x7fc\r', 'abc'],
  ['aü\x7f\x08\x08b\r', 'b'],
  ['wrong\x15right\r', 'right'],
  ['a b\tü\r', 'a b\tü'],
])('%j is %j', (keys, expected) => {
  expect(typed(keys)).toBe(expected);
});

test.each(['abc\x03', 'abc\x04', 'abc'])('%j is given up', (keys) => {
  expect(() => typed(keys)).toThrow(code('E_ABORTED'));
});

test('there is an end to how much is read', () => {
  expect(() => typed('x'.repeat(1025))).toThrow(code('E_LIMIT'));
  expect(typed(`${'x'.repeat(1024)}\r`)).toHaveLength(1024);
});

test('where there is no terminal nothing is asked', () => {
  expect(askHidden('?', '/dev/null')).toBe('');
  expect(askHidden('?', '/nonexistent/tty')).toBe('');
});

const noScript = spawnSync('script', ['--version']).status !== 0;
test.skipIf(noScript)('on a real terminal the prompt is shown and the answer is not', async () => {
  const module = fileURLToPath(new URL('../../keys/terminal.ts', import.meta.url));
  const program = `import { askHidden } from ${JSON.stringify(module)}; const a = askHidden("word? "); console.log("length " + a.length);`;
  const command = `${process.execPath} --input-type=module-typescript -e '${program}'`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  let asked = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (!asked && shown.includes('word? ')) {
      asked = true;
      child.stdin.write('hunter2\n');
    }
  });
  await new Promise((done) => child.on('close', done));
  expect(shown).toContain('length 7');
  expect(shown).not.toContain('hunter2');
});
