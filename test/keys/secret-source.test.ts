// DESIGN.md §7 "Keys": where passphrases and keys come from, in which order, and that no child process inherits them.
import { expect, test } from 'vitest';
import { keyPairFromSeed } from '../../keys/ed25519.ts';
import { secretsOf } from '../../keys/secret-source.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const pair = keyPairFromSeed(new Uint8Array(32).fill(9));
const seed = Buffer.from(pair.secretKey.subarray(0, 32)).toString('base64');
const silent = (): string => '';
const prints = (text: string): string => `${process.execPath} -p '${text}'`.replaceAll("'", '');

test('the variable comes before the command, the command before the terminal', () => {
  const asked: string[] = [];
  const ask = (prompt: string): string => {
    asked.push(prompt);
    return 'typed';
  };
  const command = { SIGNET_KEY_PASSPHRASE_COMMAND: prints('6*7') };
  expect(secretsOf({ SIGNET_KEY_PASSPHRASE: 'given', ...command }, ask).passphrase('key a')).toBe('given');
  expect(secretsOf({ ...command }, ask).passphrase('key a')).toBe('42');
  expect(asked).toEqual([]);
  expect(secretsOf({}, ask).passphrase('key a')).toBe('typed');
  expect(asked).toEqual(['Passphrase of key a: ']);
});

test('a new passphrase is typed twice, and refused where the two differ', () => {
  const answers = ['one', 'one', 'one', 'two'];
  const secrets = secretsOf({}, () => answers.shift() ?? '');
  expect(secrets.passphrase('key a', true)).toBe('one');
  expect(() => secrets.passphrase('key a', true)).toThrow(code('E_PASSPHRASE'));
});

test('the passphrase that takes the place of another has variables of its own', () => {
  const env: Record<string, string | undefined> = {
    SIGNET_KEY_PASSPHRASE: 'old',
    SIGNET_KEY_NEW_PASSPHRASE: 'new',
  };
  const secrets = secretsOf(env, silent);
  expect(env).toEqual({});
  expect([secrets.passphrase('key a'), secrets.newPassphrase('key a')]).toEqual(['old', 'new']);
  // The old one never stands for the new one.
  expect(() => secretsOf({ SIGNET_KEY_PASSPHRASE: 'old' }, silent).newPassphrase('key a')).toThrow(
    code('E_PASSPHRASE'),
  );
  const command = { SIGNET_KEY_NEW_PASSPHRASE_COMMAND: prints('6*7') };
  expect(secretsOf(command, silent).newPassphrase('key a')).toBe('42');
  const answers = ['one', 'one', 'one', 'two'];
  const typed = secretsOf({}, () => answers.shift() ?? '');
  expect(typed.newPassphrase('key a')).toBe('one');
  expect(() => typed.newPassphrase('key a')).toThrow(code('E_PASSPHRASE'));
});

test('without variable, command and terminal, and with an empty answer, there is none', () => {
  expect(() => secretsOf({}, silent).passphrase('key a')).toThrow(code('E_PASSPHRASE'));
  const empty = { SIGNET_KEY_PASSPHRASE_COMMAND: 'true' };
  expect(() => secretsOf(empty, silent).passphrase('key a')).toThrow(code('E_PASSPHRASE'));
});

test('the signing key comes from its variable or its command, and from nowhere else', () => {
  expect(secretsOf({}, silent).signingKey()).toBeUndefined();
  expect(secretsOf({ SIGNET_SIGNING_KEY: seed }, silent).signingKey()).toEqual(pair);
  const command = { SIGNET_SIGNING_KEY_COMMAND: `printf %s\\n ${seed}` };
  expect(secretsOf(command, silent).signingKey()).toEqual(pair);
  expect(() => secretsOf({ SIGNET_SIGNING_KEY: 'nonsense' }, silent).signingKey()).toThrow(
    code('E_KEY_FILE'),
  );
});

test('what holds a secret is taken out of the environment at once: no command sees it', () => {
  const env: Record<string, string | undefined> = {
    SIGNET_KEY_PASSPHRASE: 'given',
    SIGNET_SIGNING_KEY: seed,
    SIGNET_KEY_PASSPHRASE_COMMAND: 'env',
    OTHER: 'stays',
  };
  const secrets = secretsOf(env, silent);
  expect(Object.keys(env).sort()).toEqual(['OTHER', 'SIGNET_KEY_PASSPHRASE_COMMAND']);
  expect(secrets.passphrase('key a')).toBe('given');
  expect(secrets.signingKey()).toEqual(pair);
  const child = {
    SIGNET_SIGNING_KEY: seed,
    SIGNET_KEY_PASSPHRASE_COMMAND: `${process.execPath} -p Object.keys(process.env).length`,
  };
  expect(secretsOf(child, silent).passphrase('key a')).toBe('1');
});

test('a command is no shell line, and one that fails says so without what it printed', () => {
  const shell = { SIGNET_KEY_PASSPHRASE_COMMAND: 'printf %s a;b $HOME' };
  expect(secretsOf(shell, silent).passphrase('key a')).toBe('a;b$HOME');
  for (const command of [
    'false',
    '/nonexistent/program',
    `${process.execPath} -e console.log("hunter2"),process.exit(3)`,
  ]) {
    let thrown: unknown;
    try {
      secretsOf({ SIGNET_KEY_PASSPHRASE_COMMAND: command }, silent).passphrase('key a');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toEqual(code('E_PASSPHRASE'));
    expect(JSON.stringify(thrown)).not.toContain('hunter2');
  }
});

test('a host is never asked for, and never kept from its work: variable, then command, or nothing', async () => {
  const never = (): string => expect.fail('asked');
  expect(await secretsOf({}, never).unattendedPassphrase()).toBeUndefined();
  expect(await secretsOf({ SIGNET_KEY_PASSPHRASE: 'given' }, never).unattendedPassphrase()).toBe('given');
  const command = { SIGNET_KEY_PASSPHRASE_COMMAND: prints('6*7') };
  expect(await secretsOf(command, never).unattendedPassphrase()).toBe('42');
  const failing = { SIGNET_KEY_PASSPHRASE_COMMAND: 'false' };
  await expect(secretsOf(failing, never).unattendedPassphrase()).rejects.toEqual(code('E_PASSPHRASE'));
});

test('secrets by name: which there are, and their values', async () => {
  const source = secretsOf({ SIGNET_SECRET_A: 'value', SIGNET_SECRET_B_COMMAND: 'cat', OTHER: 'x' }, silent);
  expect([...source.secretNames()].sort()).toEqual([
    ['A', 'variable'],
    ['B', 'command'],
  ]);
  expect(await source.secret('A')).toBe('value');
  // It gets nothing to read.
  expect(await source.secret('B')).toBe('');
  expect(await source.secret('C')).toBeUndefined();
});
