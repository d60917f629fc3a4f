// Asking for a passphrase on the terminal, without echo (DESIGN.md §7 "Keys"): of the controlling terminal itself, so that pipes on
// standard input and output do not matter, and of nothing else.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { isatty, ReadStream } from 'node:tty';
import { SignetError } from '../src/error.ts';

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const CTRL_U = 0x15;
const DELETE = 0x7f;
const LINE_ENDS = [0x0a, 0x0d];
const MAX_BYTES = 1024;
const nap = new Int32Array(new SharedArrayBuffer(4));

/** One line typed without echo; the empty string where there is no terminal. Ctrl-C and Ctrl-D: E_ABORTED. */
export function askHidden(prompt: string, path = '/dev/tty'): string {
  const fd = openTerminal(path);
  if (fd === undefined) return '';
  const terminal = new ReadStream(fd);
  terminal.setRawMode(true);
  try {
    writeSync(fd, prompt);
    return readLine(() => readByte(fd));
  } finally {
    terminal.setRawMode(false);
    writeSync(fd, '\n');
    terminal.destroy();
  }
}

/** The line that the bytes of a raw terminal spell, with its erasing keys; `next` answers undefined at the end of input. */
export function readLine(next: () => number | undefined): string {
  let bytes: number[] = [];
  for (;;) {
    const byte = next();
    if (byte === undefined || byte === CTRL_C || byte === CTRL_D)
      throw new SignetError('E_ABORTED', 'no passphrase was given');
    if (LINE_ENDS.includes(byte)) return new TextDecoder().decode(Uint8Array.from(bytes));
    if (byte === BACKSPACE || byte === DELETE) bytes = withoutLast(bytes);
    else if (byte === CTRL_U) bytes = [];
    else if (bytes.length < MAX_BYTES) bytes.push(byte);
    else throw new SignetError('E_LIMIT', 'the passphrase is too long', { expected: `${MAX_BYTES} bytes` });
  }
}

/** Without the last character, which may be several bytes of UTF-8. */
function withoutLast(bytes: readonly number[]): number[] {
  let end = bytes.length - 1;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.slice(0, Math.max(0, end));
}

function openTerminal(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r+');
  } catch {
    // ENXIO, ENOENT: this process has no terminal, which its caller says in its own words.
    return undefined;
  }
  if (isatty(fd)) return fd;
  closeSync(fd);
  return undefined;
}

function readByte(fd: number): number | undefined {
  const byte = new Uint8Array(1);
  for (;;) {
    try {
      return readSync(fd, byte, 0, 1, null) === 1 ? byte[0] : undefined;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN')
        throw new SignetError('E_IO', 'the terminal cannot be read', { cause });
      Atomics.wait(nap, 0, 0, 20);
    }
  }
}
