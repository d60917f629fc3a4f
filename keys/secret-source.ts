// Where secrets come from besides the user's files (DESIGN.md §4 "`secret`", §7 "Keys"): an environment variable, a command without
// a shell, a terminal without echo. The variables are taken out of the environment first, so that no child process inherits them.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { SignetError } from '../src/error.ts';
import type { KeyPair } from './ed25519.ts';
import { decodeKeyText } from './key-file.ts';
import {
  COMMAND,
  type Environment,
  NEW_PASSPHRASE,
  ownSecrets,
  PASSPHRASE,
  SECRET,
  type SecretVariables,
  SIGNING_KEY,
  takeSecrets,
} from './secret-variables.ts';
import { askHidden } from './terminal.ts';

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

/** The same for a host at work: nothing here asks, or keeps the process from its other work. */
export interface UnattendedSource {
  /** The passphrase of variable or command, if there is one. E_PASSPHRASE where the command fails. */
  unattendedPassphrase(): Promise<string | undefined>;
  /** The names that a variable `SIGNET_SECRET_<NAME>` or a command `SIGNET_SECRET_<NAME>_COMMAND` gives a value. */
  secretNames(): ReadonlyMap<string, 'variable' | 'command'>;
  /** Its value; undefined where neither is set. E_SECRET where the command fails. */
  secret(name: string): Promise<string | undefined>;
}

/**
 * The secrets of an environment. All variables that hold one are removed from it at once. A command is split at white
 * space, run without a shell, and its standard output counts up to the first line end.
 */
export function secretsOf(
  env: Environment,
  ask: (prompt: string) => string = askHidden,
  { passphrase, next, signingKey, values, commands }: SecretVariables = takeSecrets(env),
): SecretSource & UnattendedSource {
  const obtain = (item: string, held: string | undefined, variable: string, fresh: boolean): string => {
    const given = held ?? fromCommand(env, `${variable}${COMMAND}`, firstLine);
    const answer = given ?? ask(`${fresh ? 'New passphrase' : 'Passphrase'} of ${item}: `);
    if (answer === '') {
      throw new SignetError('E_PASSPHRASE', `there is no passphrase for ${item}`, { item });
    }
    if (given === undefined && fresh && ask('The same again: ') !== answer) {
      throw new SignetError('E_PASSPHRASE', 'the two passphrases differ', { item });
    }
    return answer;
  };
  const source: SecretSource & UnattendedSource = {
    passphrase: (item, fresh = false) => obtain(item, passphrase, PASSPHRASE, fresh),
    newPassphrase: (item) => obtain(item, next, NEW_PASSPHRASE, true),
    signingKey() {
      const text = signingKey ?? fromCommand(env, `${SIGNING_KEY}_COMMAND`, (output) => output);
      if (text === undefined) return undefined;
      return decodeKeyText(text, SIGNING_KEY, () => source.passphrase(SIGNING_KEY));
    },
    unattendedPassphrase: async () =>
      passphrase ?? laterFromCommand(env, `${PASSPHRASE}${COMMAND}`, 'E_PASSPHRASE'),
    secretNames: () =>
      new Map([
        ...commands.map((name) => [name, 'command'] as const),
        ...[...values.keys()].map((name) => [name, 'variable'] as const),
      ]),
    secret: async (name) =>
      values.get(name) ?? laterFromCommand(env, `${SECRET}${name}${COMMAND}`, 'E_SECRET'),
  };
  return source;
}

let own: (SecretSource & UnattendedSource) | undefined;

/** The secrets of this process; the first call takes them out of its environment. */
export function processSecrets(): SecretSource & UnattendedSource {
  own ??= secretsOf(process.env, askHidden, ownSecrets());
  return own;
}

const firstLine = (output: string): string => output.split(/\r?\n/, 1)[0] ?? '';

/** Program and arguments of the variable; undefined where it is not set. */
function commandOf(env: Environment, variable: string): readonly [string, string[]] | undefined {
  const [program, ...args] = (env[variable] ?? '').split(/\s+/).filter((word) => word !== '');
  return program === undefined ? undefined : [program, args];
}

function fromCommand(
  env: Environment,
  variable: string,
  read: (output: string) => string,
): string | undefined {
  const command = commandOf(env, variable);
  if (command === undefined) return undefined;
  const { status, signal, error, stdout } = spawnSync(...command, {
    ...limitsOf(env),
    // What it says goes to the terminal, never into an error of ours.
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  if (status === 0) return read(stdout);
  throw failedCommand(
    variable,
    'E_PASSPHRASE',
    (error as NodeJS.ErrnoException | undefined)?.code ?? signal ?? status,
  );
}

/** The first line, while the process goes on with its other work. The command gets nothing to read. */
async function laterFromCommand(
  env: Environment,
  variable: string,
  code: 'E_PASSPHRASE' | 'E_SECRET',
): Promise<string | undefined> {
  const command = commandOf(env, variable);
  if (command === undefined) return undefined;
  const running = promisify(execFile)(...command, limitsOf(env));
  running.child.stdin?.end();
  try {
    return firstLine((await running).stdout);
  } catch (thrown) {
    // Not kept as the cause: it holds what the command printed.
    const { code: actual, signal } = thrown as { code?: unknown; signal?: unknown };
    throw failedCommand(variable, code, signal ?? actual);
  }
}

const limitsOf = (env: Environment) => ({
  encoding: 'utf8' as const,
  timeout: COMMAND_MS,
  maxBuffer: MAX_OUTPUT,
  env: env as NodeJS.ProcessEnv,
});

function failedCommand(variable: string, code: 'E_PASSPHRASE' | 'E_SECRET', actual: unknown): SignetError {
  return new SignetError(code, `the command of ${variable} failed`, {
    item: variable,
    expected: 'exit code 0',
    actual: String(actual),
    fix: `Run the command of ${variable} by hand.`,
  });
}
