// What the commands of trust are given: actions, keys by name or by text, files, times.
import { readFileSync } from 'node:fs';
import { fingerprint, parsePublicKey } from '../../keys/ed25519.ts';
import type { Keyring } from '../../keys/keyring.ts';
import { readRegularFile } from '../../keys/safe-file.ts';
import { Time } from '../../src/contracts/common.ts';
import type { ExitCode } from '../../src/error.ts';
import { SignetError } from '../../src/error.ts';
import { type Invocation, type Run, text } from './command.ts';

const MAX_INPUT = 16 * 1024 * 1024;
const DAY = 86_400_000;

/** One action of a command: how many arguments it takes after its name, and its body. */
export type Action = readonly [arity: number, run: (invocation: Invocation) => ExitCode | Promise<ExitCode>];

/** A command that is several: its first argument names the action, which gets the others. */
export function actions(command: string, table: Readonly<Record<string, Action>>, bin = 'registry'): Run {
  return async (invocation) => {
    const [name = '', ...rest] = invocation.positionals;
    const [arity, run] = Object.hasOwn(table, name) ? table[name]! : [-1, undefined];
    if (run === undefined) {
      throw usage(
        command,
        `${bin} ${command} has no action ${JSON.stringify(name)}`,
        Object.keys(table).join(', '),
        bin,
      );
    }
    if (rest.length !== arity)
      throw usage(
        command,
        `${bin} ${command} ${name} takes ${arity} arguments; ${rest.length} given`,
        undefined,
        bin,
      );
    return run({ ...invocation, positionals: rest });
  };
}

export function usage(command: string, sentence: string, expected?: string, bin = 'registry'): SignetError {
  return new SignetError('E_USAGE', sentence, {
    fix: `${bin} ${command} --help`,
    ...(expected === undefined ? {} : { expected }),
  });
}

/** A flag that must be there. */
export function required(invocation: Invocation, command: string, flag: string): string {
  const value = text(invocation, flag);
  if (value === undefined || value === '') throw usage(command, `say --${flag}`);
  return value;
}

/** A public key: `ed25519:…`, a file that holds that text, or the name of a key on this machine. E_KEY, E_NOT_FOUND. */
export function keyArgument(given: string, keyring: Keyring): Uint8Array {
  if (given.startsWith('ed25519:')) return parsePublicKey(given);
  if (/[./]/.test(given)) return parsePublicKey(Buffer.from(readInput(given)).toString('utf8').trim());
  return keyring.info(given).publicKey;
}

/** The fingerprint of a key: `SHA256:…`, or that of `keyArgument`. */
export function fingerprintArgument(given: string, keyring: Keyring): string {
  return /^SHA256:[0-9a-f]{64}$/.test(given) ? given : fingerprint(keyArgument(given, keyring));
}

/** A file that was named on the command line; E_NOT_FOUND, E_LIMIT, E_IO. */
export function readInput(path: string): Uint8Array {
  const file = readRegularFile(path, MAX_INPUT);
  if (file !== undefined) return file.bytes;
  throw new SignetError('E_NOT_FOUND', `there is no file ${path}`, { item: path });
}

/** Everything on standard input, as UTF-8. Beyond so many bytes: E_LIMIT. */
export function readStandardInput(maxBytes: number): string {
  const bytes = readFileSync(0);
  if (bytes.length <= maxBytes) return bytes.toString('utf8');
  throw new SignetError('E_LIMIT', 'standard input is too long', { expected: `at most ${maxBytes} bytes` });
}

/** `365d`, or a time such as 2030-01-01T00:00:00Z, in milliseconds. */
export function expiry(command: string, given: string, now: number): number {
  const days = /^(\d{1,5})d$/.exec(given)?.[1];
  if (days !== undefined) return now + Number(days) * DAY;
  if (Time.safeParse(given).success) return Date.parse(given);
  throw usage(command, `--expires ${given} is neither days nor a time`, '365d, or 2030-01-01T00:00:00Z');
}

/** A whole number from `least`. */
export function wholeNumber(command: string, flag: string, given: string, least: number): number {
  if (/^\d{1,15}$/.test(given) && Number(given) >= least) return Number(given);
  throw usage(command, `--${flag} ${given} is no whole number from ${least}`);
}
