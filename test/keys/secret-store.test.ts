// THREATS.md H11; DESIGN.md §4 "`secret`": where secrets are kept, who may read them, and that nothing quotes them.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { secretsOf } from '../../keys/secret-source.ts';
import { SecretStore } from '../../keys/secret-store.ts';

const VALUE = 'correct-horse/battery+staple';
const code = (value: string) => expect.objectContaining({ code: value });
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'signet-secrets-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const storeWith = (env: Record<string, string | undefined> = {}) =>
  new SecretStore(
    directory,
    secretsOf(env, () => ''),
  );
const file = (name = 'KEY') => join(directory, 'secrets', `${name}.json`);
const failure = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.fail('it was opened'),
    (thrown: Error) => thrown,
  );

describe('files', () => {
  test('what is set is opened, in a file and a folder for its owner only', async () => {
    const store = storeWith();
    expect(store.list()).toEqual([]);
    expect(store.set('KEY', VALUE, false)).toEqual({ name: 'KEY', from: 'file' });
    expect([statSync(file()).mode & 0o777, statSync(join(directory, 'secrets')).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect(await storeWith().open('KEY')).toEqual({ name: 'KEY', value: VALUE });
    expect(readdirSync(join(directory, 'secrets'))).toEqual(['KEY.json']);
  });
  test('it is one object until it changes', async () => {
    const store = storeWith();
    store.set('KEY', VALUE, false);
    const first = await store.open('KEY');
    expect(await store.open('KEY')).toBe(first);
    store.set('KEY', `${VALUE}2`, false);
    expect((await store.open('KEY')).value).toBe(`${VALUE}2`);
    expect(store.remove('KEY')).toEqual({ name: 'KEY', from: 'file' });
    expect(await failure(store.open('KEY'))).toEqual(code('E_SECRET'));
    expect(() => store.remove('KEY')).toThrow(code('E_SECRET'));
  });
  test('the list has names and where they come from, never a value', () => {
    const store = storeWith({
      SIGNET_SECRET_A: VALUE,
      SIGNET_SECRET_Z_COMMAND: `echo ${VALUE}`,
      SIGNET_KEY_PASSPHRASE: 'p',
    });
    store.set('KEY', VALUE, false);
    store.set('SEALED', VALUE, true);
    store.set('A', 'another-value', false);
    writeFileSync(join(directory, 'secrets', 'notes.txt'), 'x');
    expect(store.list()).toEqual([
      { name: 'A', from: 'variable' },
      { name: 'KEY', from: 'file' },
      { name: 'SEALED', from: 'encrypted file' },
      { name: 'Z', from: 'command' },
    ]);
  });

  test.each(['', 'key', '../KEY', 'KEY/../X', 'K'.repeat(65), '__proto__', 'KEY.json', '1KEY'])(
    'the name %j is none',
    async (name) => {
      const store = storeWith();
      expect(() => store.set(name, VALUE, false)).toThrow(code('E_SECRET'));
      expect(() => store.remove(name)).toThrow(code('E_SECRET'));
      expect(await failure(store.open(name))).toEqual(code('E_SECRET'));
      expect(readdirSync(directory)).toEqual([]);
    },
  );
  test.each([
    '',
    'short',
    'with space',
    'line\nbreak-line',
    'cr\rcr\rcr\r',
    'grüße-grüße',
    'nul\0nul\0nul',
    'x'.repeat(4097),
  ])('the value %j cannot be used, and is not quoted', (value) => {
    let thrown: unknown;
    try {
      storeWith().set('KEY', value, false);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toEqual(code('E_SECRET'));
    if (value.length > 3) expect(inspect(thrown)).not.toContain(value);
    expect(readdirSync(directory)).toEqual([]);
  });
  test('values as short and as long as they may be', async () => {
    const store = storeWith();
    for (const value of ['12345678', `"'$\`{}\\~`, '~'.repeat(4096)]) {
      store.set('KEY', value, false);
      expect((await store.open('KEY')).value).toBe(value);
    }
  });

  describe('a file that is not as it was made', () => {
    beforeEach(() => void storeWith().set('KEY', VALUE, false));
    const linked = (): void => {
      renameSync(file(), file('X'));
      symlinkSync(file('X'), file());
    };
    const folder = (): void => {
      rmSync(file());
      mkdirSync(file());
    };
    // what is done to it | the code
    test.each<[string, () => void, string]>([
      ['open to others', () => chmodSync(file(), 0o644), 'E_KEY_FILE'],
      ['in a folder open to others', () => chmodSync(join(directory, 'secrets'), 0o755), 'E_KEY_FILE'],
      ['a link', linked, 'E_IO'],
      ['a folder', folder, 'E_IO'],
      ['too long', () => writeFileSync(file(), 'x'.repeat(20_000)), 'E_LIMIT'],
      ['no JSON', () => writeFileSync(file(), VALUE), 'E_SECRET'],
      ['of another name', () => renameSync(file(), file('B')), 'E_SECRET'],
      [
        'with a field more',
        () => writeFileSync(file(), readFileSync(file(), 'utf8').replace('{', '{"more":1,')),
        'E_SECRET',
      ],
      [
        'with a value that cannot be used',
        () => writeFileSync(file(), readFileSync(file(), 'utf8').replace(VALUE, `${VALUE} ${VALUE}`)),
        'E_SECRET',
      ],
      [
        'of a later format',
        () => writeFileSync(file(), readFileSync(file(), 'utf8').replace('secret/1', 'secret/2')),
        'E_FORMAT_VERSION',
      ],
    ])('%s', async (_, spoil, expected) => {
      expect((await storeWith().open('KEY')).value).toBe(VALUE);
      spoil();
      const error = await failure(storeWith().open(_ === 'of another name' ? 'B' : 'KEY'));
      expect(error).toEqual(code(expected));
      expect(inspect(error, { depth: 9 })).not.toContain(VALUE);
    });
  });
});

describe('under a passphrase', () => {
  const sealed = () => readFileSync(file(), 'latin1');
  test('it opens with that of the environment only; the file tells nothing', async () => {
    storeWith({ SIGNET_KEY_PASSPHRASE: 'open sesame' }).set('KEY', VALUE, true);
    for (const form of ['latin1', 'hex', 'base64'] as const)
      expect(sealed()).not.toContain(Buffer.from(VALUE).toString(form));
    const store = storeWith({ SIGNET_KEY_PASSPHRASE: 'open sesame' });
    const first = await store.open('KEY');
    expect(first).toEqual({ name: 'KEY', value: VALUE });
    expect(await store.open('KEY')).toBe(first);
    expect(await failure(storeWith({ SIGNET_KEY_PASSPHRASE: 'other' }).open('KEY'))).toEqual(
      code('E_PASSPHRASE'),
    );
  });
  test('without one a host does not ask: E_PASSPHRASE', async () => {
    storeWith({ SIGNET_KEY_PASSPHRASE: 'p' }).set('KEY', VALUE, true);
    const asked: string[] = [];
    const asking = new SecretStore(
      directory,
      secretsOf({}, (prompt) => `p${asked.push(prompt)}`),
    );
    expect(await failure(asking.open('KEY'))).toEqual(code('E_PASSPHRASE'));
    expect(asked).toEqual([]);
  });
  test('a box of one name opens for no other', async () => {
    storeWith({ SIGNET_KEY_PASSPHRASE: 'p' }).set('KEY', VALUE, true);
    writeFileSync(file('B'), sealed().replace('"KEY"', '"B"'), { mode: 0o600 });
    const store = storeWith({ SIGNET_KEY_PASSPHRASE: 'p' });
    expect(await failure(store.open('B'))).toEqual(code('E_PASSPHRASE'));
    expect((await store.open('KEY')).value).toBe(VALUE);
  });
});

describe('from the environment', () => {
  test('a variable comes before a command, both before a file', async () => {
    storeWith().set('KEY', 'from-the-file', false);
    const both = {
      SIGNET_SECRET_KEY: 'from-the-variable',
      SIGNET_SECRET_KEY_COMMAND: 'echo from-the-command',
    };
    expect((await storeWith({ ...both }).open('KEY')).value).toBe('from-the-variable');
    const command = storeWith({ SIGNET_SECRET_KEY_COMMAND: both.SIGNET_SECRET_KEY_COMMAND });
    const first = await command.open('KEY');
    expect(first.value).toBe('from-the-command');
    expect(await command.open('KEY')).toBe(first);
    expect((await storeWith().open('KEY')).value).toBe('from-the-file');
  });
  test('values leave the environment at once: no command sees another secret', async () => {
    const env: Record<string, string | undefined> = {
      SIGNET_SECRET_A: VALUE,
      SIGNET_SECRET_B_COMMAND: `${process.execPath} -p String(process.env.SIGNET_SECRET_A).padEnd(20,"!")`,
    };
    const store = storeWith(env);
    expect(Object.keys(env)).toEqual(['SIGNET_SECRET_B_COMMAND']);
    expect((await store.open('B')).value).toBe('undefined!!!!!!!!!!!');
    expect((await store.open('A')).value).toBe(VALUE);
  });
  test('a command that fails says so without what it printed, and is run again the next time', async () => {
    const marker = join(directory, 'marker');
    const script = `fs.existsSync(process.argv[1])||(console.log("${VALUE}"),console.error("${VALUE}"),process.exit(3));console.log("now-it-is-here")`;
    const store = storeWith({ SIGNET_SECRET_KEY_COMMAND: `${process.execPath} -e ${script} ${marker}` });
    const error = await failure(store.open('KEY'));
    expect(error).toMatchObject({ code: 'E_SECRET', actual: '3' });
    expect(inspect(error, { depth: 9 })).not.toContain(VALUE);
    writeFileSync(marker, '');
    expect((await store.open('KEY')).value).toBe('now-it-is-here');
    const none = storeWith({ SIGNET_SECRET_KEY_COMMAND: '/nonexistent/program' });
    expect(await failure(none.open('KEY'))).toMatchObject({ code: 'E_SECRET', actual: 'ENOENT' });
  });
  test('what is known costs no command, and no error', async () => {
    const log = join(directory, 'log');
    const store = storeWith({
      SIGNET_SECRET_A: VALUE,
      SIGNET_SECRET_B_COMMAND: `${process.execPath} -e fs.appendFileSync("${log}","x");console.log("${VALUE}")`,
    });
    store.set('C', VALUE, false);
    expect(await store.known('B')).toBeUndefined();
    expect(existsSync(log)).toBe(false);
    const opened = await store.open('B');
    expect(await store.known('B')).toBe(opened);
    expect(readFileSync(log, 'utf8')).toBe('x');
    for (const name of ['A', 'C']) expect(await store.known(name)).toBe(await store.open(name));
    for (const name of ['NONE', 'no name']) expect(await store.known(name)).toBeUndefined();
  });
  test('a value that cannot be used is E_SECRET', async () => {
    const store = storeWith({ SIGNET_SECRET_A: 'short', SIGNET_SECRET_B_COMMAND: 'true' });
    for (const name of ['A', 'B']) expect(await failure(store.open(name))).toEqual(code('E_SECRET'));
  });
});
