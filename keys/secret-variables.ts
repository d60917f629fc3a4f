// The environment variables that hold secrets (DESIGN.md §7 "Keys"), taken out of it first: by themselves, so that it is done before
// anything is loaded that could start a process.

export type Environment = Record<string, string | undefined>;

export const PASSPHRASE = 'SIGNET_KEY_PASSPHRASE';
export const NEW_PASSPHRASE = 'SIGNET_KEY_NEW_PASSPHRASE';
export const SIGNING_KEY = 'SIGNET_SIGNING_KEY';
export const SECRET = 'SIGNET_SECRET_';
/** What the name of a variable ends with that holds a command, and no secret. */
export const COMMAND = '_COMMAND';

export interface SecretVariables {
  readonly passphrase: string | undefined;
  readonly next: string | undefined;
  readonly signingKey: string | undefined;
  /** By the names of the secrets. */
  readonly values: ReadonlyMap<string, string>;
  /** The names of the secrets that a command gives. */
  readonly commands: readonly string[];
}

/** What the variables of an environment held; those that hold a secret are no longer in it. */
export function takeSecrets(env: Environment): SecretVariables {
  const named = Object.keys(env).filter((variable) => variable.startsWith(SECRET));
  const commands = named.filter((variable) => variable.endsWith(COMMAND));
  return {
    passphrase: take(env, PASSPHRASE),
    next: take(env, NEW_PASSPHRASE),
    signingKey: take(env, SIGNING_KEY),
    values: new Map(
      named
        .filter((variable) => !commands.includes(variable))
        .map((variable) => [variable.slice(SECRET.length), take(env, variable) ?? '']),
    ),
    commands: commands.map((variable) => variable.slice(SECRET.length, -COMMAND.length)),
  };
}

let own: SecretVariables | undefined;

/** Those of this process; the first call takes them. */
export function ownSecrets(): SecretVariables {
  own ??= takeSecrets(process.env);
  return own;
}

function take(env: Environment, name: string): string | undefined {
  const value = env[name] || undefined;
  delete env[name];
  return value;
}
