// Where secrets come from besides the keyring (DESIGN.md §7 "Keys"): an environment variable, a command without a shell, a terminal
// without echo. The variables are taken out of the environment first, so that no child process inherits them.
import { spawnSync } from 'node:child_process';
import { SignetError } from '../src/error.ts';
import type { KeyPair } from './ed25519.ts';
import { decodeKeyText } from './key-file.ts';
import { askHidden } from './terminal.ts';

type Environment = Record<string, string | undefined>;

const PASSPHRASE = 'SIGNET_KEY_PASSPHRASE';
const NEW_PASSPHRASE = 'SIGNET_KEY_NEW_PASSPHRASE';
const SIGNING_KEY = 'SIGNET_SIGNING_KEY';
const COMMAND_MS = 120_000;
const MAX_OUTPUT = 16 * 1024;

/** Gives passphrases and, for a machine without a keyring, the signing key itself. */
export interface SecretSource {
  /** The passphrase of an encrypted key; asked twice where it is `fresh`. E_PASSPHRASE where there is none. */
  passphrase(item: string, fresh?: boolean): string;
  /** What is to take the place of a passphrase; from variables of its own. E_PASSPHRASE. */
  newPassphrase(item: string): string;
  /** The key of SIGNET_SIGNING_KEY or SIGNET_SIGNING_KEY_COMMAND; undefined where neither is set. E_KEY_FILE. */
  signingKey(): KeyPair | undefined;
}

/**
 * The secrets of an environment. The variables that hold one are removed from it at once. A command is split at white
 * space, run without a shell, and its standard output counts up to the first line end.
 */
export function secretsOf(env: Environment, ask: (prompt: string) => string = askHidden): SecretSource {
  const [passphrase, next, signingKey] = [PASSPHRASE, NEW_PASSPHRASE, SIGNING_KEY].map((name) =>
    take(env, name),
  );
  const obtain = (item: string, held: string | undefined, variable: string, fresh: boolean): string => {
    const given = held ?? fromCommand(env, `${variable}_COMMAND`, firstLine);
    const answer = given ?? ask(`${fresh ? 'New passphrase' : 'Passphrase'} of ${item}: `);
    if (answer === '') {
      throw new SignetError('E_PASSPHRASE', `there is no passphrase for ${item}`, { item });
    }
    if (given === undefined && fresh && ask('The same again: ') !== answer) {
      throw new SignetError('E_PASSPHRASE', 'the two passphrases differ', { item });
    }
    return answer;
  };
  const source: SecretSource = {
    passphrase: (item, fresh = false) => obtain(item, passphrase, PASSPHRASE, fresh),
    newPassphrase: (item) => obtain(item, next, NEW_PASSPHRASE, true),
    signingKey() {
      const text = signingKey ?? fromCommand(env, `${SIGNING_KEY}_COMMAND`, (output) => output);
      if (text === undefined) return undefined;
      return decodeKeyText(text, SIGNING_KEY, () => source.passphrase(SIGNING_KEY));
    },
  };
  return source;
}

let own: SecretSource | undefined;

/** The secrets of this process; the first call takes them out of its environment. */
export function processSecrets(): SecretSource {
  own ??= secretsOf(process.env);
  return own;
}

function take(env: Environment, name: string): string | undefined {
  const value = env[name] || undefined;
  delete env[name];
  return value;
}

const firstLine = (output: string): string => output.split(/\r?\n/, 1)[0] ?? '';

function fromCommand(
  env: Environment,
  variable: string,
  read: (output: string) => string,
): string | undefined {
  const [program, ...args] = (env[variable] ?? '').split(/\s+/).filter((word) => word !== '');
  if (program === undefined) return undefined;
  const { status, signal, error, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    // What it says goes to the terminal, never into an error of ours.
    stdio: ['inherit', 'pipe', 'inherit'],
    timeout: COMMAND_MS,
    maxBuffer: MAX_OUTPUT,
    env: env as NodeJS.ProcessEnv,
  });
  if (status === 0) return read(stdout);
  throw new SignetError('E_PASSPHRASE', `the command of ${variable} failed`, {
    item: variable,
    expected: 'exit code 0',
    actual: (error as NodeJS.ErrnoException | undefined)?.code ?? signal ?? String(status),
    fix: `Run the command of ${variable} by hand.`,
  });
}
