// Trust as an operator meets it, as whole processes: THREATS.md 7, 8, 27, 29, 30; DESIGN.md §7 "Keys". Every refusal is asserted by its
// code, and that nothing on disk changed.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKeyPair } from '../../keys/ed25519.ts';
import { Keyring } from '../../keys/keyring.ts';
import { renewRegistry } from '../../registry/local.ts';
import { type Outcome, openShell, type Shell } from './process.ts';

const CI_KEY = generateKeyPair();
const SEED = Buffer.from(CI_KEY.secretKey.subarray(0, 32));

let shell: Shell;
let printed = '';
const registry = (
  args: string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Outcome => {
  const outcome = shell.run('registry', args, options);
  printed += outcome.stdout + outcome.stderr;
  return outcome;
};
const ok = (...input: Parameters<typeof registry>): string => {
  const { code, stdout, stderr } = registry(...input);
  expect(code, stderr).toBe(0);
  return stdout;
};
const files = (): Map<string, string> => {
  const found = readdirSync(shell.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    found
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'latin1')]),
  );
};
const refused = (code: string, exit: number, ...input: Parameters<typeof registry>): Outcome => {
  const before = files();
  const outcome = registry(...input);
  expect(`${outcome.stdout}${outcome.stderr}`).toContain(code);
  expect(outcome.code).toBe(exit);
  expect(files()).toEqual(before);
  return outcome;
};

beforeAll(() => {
  shell = openShell();
  ok(['new', 'skill', 'hello']);
  ok(['publish', 'hello']);
  ok(['install', 'local/hello', '--yes']);
});
afterAll(() => shell.remove());

describe('keys', () => {
  test('an encrypted key asks for its passphrase, and signs with it', () => {
    const env = { SIGNET_KEY_PASSPHRASE: 'correct horse' };
    expect(ok(['keys', 'new', 'acme', '--encrypt'], { env })).toMatch(
      /^acme {2}encrypted\n {2}ed25519:\S{44}\n {2}SHA256:/,
    );
    const request = ['namespace', 'request', 'acme', '--key', 'acme', '--out', 'acme-1.json'];
    refused('E_PASSPHRASE', 1, request);
    refused('E_PASSPHRASE', 1, request, { env: { SIGNET_KEY_PASSPHRASE: 'wrong' } });
    refused('E_PASSPHRASE', 1, request, { env: { SIGNET_KEY_PASSPHRASE_COMMAND: 'false' } });
    ok(request, { env: { SIGNET_KEY_PASSPHRASE_COMMAND: 'echo correct horse' } });
    expect(existsSync(join(shell.folder, 'acme-1.json'))).toBe(true);
  });

  test('CI signs with a key of the environment or of a command, and no keyring has it', () => {
    ok(['pack', 'hello', '--out', 'hello.tar']);
    for (const env of [
      { SIGNET_SIGNING_KEY: SEED.toString('base64') },
      { SIGNET_SIGNING_KEY_COMMAND: `echo ${SEED.toString('base64')}` },
    ]) {
      const { key } = JSON.parse(ok(['sign', 'hello.tar', '--source', 'hello', '--json'], { env })) as {
        key: string;
      };
      expect(key).toMatch(/^SHA256:/);
      expect(ok(['keys', 'list'])).not.toContain(key);
    }
    refused('E_KEY_FILE', 1, ['sign', 'hello.tar'], { env: { SIGNET_SIGNING_KEY: SEED.toString('hex') } });
    refused('E_PAYLOAD_TYPE', 1, ['namespace', 'grant', 'hello.tar.release.json']);
  });

  test('a key is imported from a file or standard input, once', () => {
    ok(['keys', 'import', 'ci'], { input: `${SEED.toString('base64')}\n` });
    const before = ok(['keys', 'show', 'ci', '--json']);
    refused('E_KEY_FILE', 1, ['keys', 'import', 'ci'], {
      input: generateKeyPair().secretKey.subarray(0, 32).toString(),
    });
    refused('E_KEY_FILE', 1, ['keys', 'new', 'ci']);
    refused('E_NOT_FOUND', 6, ['keys', 'show', 'nobody']);
    refused('E_USAGE', 64, ['keys', 'new', '../x']);
    expect(ok(['keys', 'show', 'ci', '--json'])).toBe(before);
  });
});

test.each([
  ['publish', ['publish', 'hello']],
  ['sign', ['sign', 'hello.tar', '--source', 'hello']],
])('row 31: %s renews the local status, and what was seen of it', (_, args) => {
  const folder = join(shell.folder, '.signet', 'registry');
  const old = Date.now() - 6 * 86_400_000;
  renewRegistry(folder, new Keyring(join(shell.folder, '..', 'config')), old);
  const issued = (): number => {
    const { payload } = JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8')) as { payload: string };
    return Date.parse((JSON.parse(Buffer.from(payload, 'base64').toString()) as { issued: string }).issued);
  };
  expect(issued()).toBeLessThan(old + 1000);
  ok(args);
  expect(issued()).toBeGreaterThan(old + 5 * 86_400_000);
});

describe('roots', () => {
  const fingerprint = (): string =>
    (JSON.parse(ok(['root', 'show', '.signet/registry/root/1.json', '--json'])) as { fingerprint: string })
      .fingerprint;

  test('row 29: without a pin nothing counts, and the refusal says the very command that pins', () => {
    const own = fingerprint();
    const trust = join(shell.folder, '.signet', 'trust', 'trust.json');
    const text = readFileSync(trust, 'utf8');
    writeFileSync(trust, JSON.stringify({ type: 'trust/1', roots: [] }));
    for (const subject of ['local/hello']) {
      const { stdout } = refused('E_ROOT_UNPINNED', 3, ['verify', subject]);
      expect(stdout).toContain(`do: registry root pin .signet/registry/root/1.json --fingerprint ${own}\n`);
    }
    writeFileSync(trust, text);
    ok(['verify', 'local/hello']);
  });

  test('a root is pinned only by its own fingerprint, whole and signed', () => {
    const roles = ['--registrar', 'ci', '--log', 'ci', '--status', 'ci', '--origin', 'example.com/x'];
    const init = [
      'root',
      'init',
      '--root',
      'ci',
      '--root',
      'default',
      ...roles,
      '--threshold',
      'root=2',
      '--out',
      'r.json',
    ];
    refused('E_USAGE', 64, ['root', 'init', '--root', 'ci', '--out', 'r.json']);
    refused('E_USAGE', 64, [...init, '--threshold', 'boss=1']);
    refused('E_USAGE', 64, [...init, '--expires', 'soon']);
    refused('E_ROOT', 1, [...init, '--threshold', 'log=2']);
    ok(init);
    const { fingerprint: own } = JSON.parse(ok(['root', 'show', 'r.json', '--json'])) as {
      fingerprint: string;
    };
    const zero = `SHA256:${'0'.repeat(64)}`;
    refused('E_UNSIGNED', 3, ['root', 'pin', 'r.json', '--fingerprint', own]);
    refused('E_SIGNER', 1, ['root', 'sign', 'r.json', '--key', 'acme'], {
      env: { SIGNET_KEY_PASSPHRASE: 'correct horse' },
    });
    refused('E_ROOT_UNTRUSTED', 1, ['root', 'sign', 'r.json', '--key', 'ci', '--fingerprint', zero]);
    ok(['root', 'sign', 'r.json', '--key', 'ci', '--fingerprint', own]);
    ok(['root', 'sign', 'r.json', '--key', 'ci', '--fingerprint', own]);
    refused('E_THRESHOLD', 1, ['root', 'pin', 'r.json', '--fingerprint', own]);
    expect(ok(['root', 'sign', 'r.json', '--key', 'default'])).toContain(
      'signed by 2 of the 2 that root v1 needs',
    );
    refused('E_ROOT_UNTRUSTED', 1, ['root', 'pin', 'r.json', '--fingerprint', zero]);
    refused('E_USAGE', 64, ['root', 'pin', 'r.json']);
    ok(['root', 'pin', 'r.json', '--fingerprint', own]);
    ok(['root', 'unpin', own]);
    refused('E_ROOT_UNPINNED', 3, ['root', 'unpin', own]);
  });
});

describe('namespaces', () => {
  test('rows 8, 29: the local root grants local and signet, and nothing else', () => {
    refused('E_LOCAL_ROOT', 1, ['namespace', 'grant', 'acme-1.json']);
  });

  test('row 30: a rotation that the old key did not sign is not granted, one that it did is', () => {
    const rotate = ['namespace', 'rotate', 'local', '--add', 'ci', '--out', 'local-2.json'];
    ok([...rotate, '--key', 'ci']);
    refused('E_THRESHOLD', 1, ['namespace', 'grant', 'local-2.json']);
    ok([...rotate, '--key', 'ci', '--key', 'default']);
    expect(ok(['namespace', 'grant', 'local-2.json'])).toMatch(/granted, logged as #\d+/);
    refused('E_NAMESPACE', 1, ['namespace', 'grant', 'local-2.json']);
    expect(ok(['namespace', 'show', 'local'])).toContain('namespace local v2');
    ok(['install', 'local/hello', '--yes']);
  });

  test('row 30: a recovery stops every release of the namespace until its digest is confirmed', () => {
    ok(['namespace', 'rotate', 'local', '--recovery', '--key', 'ci', '--out', 'local-3.json']);
    ok(['namespace', 'grant', 'local-3.json']);
    refused('E_NAMESPACE_RECOVERY', 1, ['install', 'local/hello', '--yes']);
    const { documents } = JSON.parse(ok(['namespace', 'show', 'local-3.json', '--json'])) as {
      documents: { digest: string }[];
    };
    refused('E_USAGE', 64, ['namespace', 'confirm', 'yes']);
    ok(['namespace', 'confirm', documents[0]!.digest]);
    ok(['install', 'local/hello', '--yes']);
  });
});

describe('revocation', () => {
  test('row 27: a revoked archive is refused by verify, install and dispatch at once', () => {
    refused('E_USAGE', 64, ['revoke', 'local/hello@0.1.0']);
    refused('E_USAGE', 64, ['revoke', '--reason', 'x']);
    refused('E_USAGE', 64, ['revoke', '--key', 'ci', '--reason', 'x']);
    refused('E_NOT_FOUND', 6, ['revoke', 'local/hello@9.9.9', '--reason', 'x']);
    const { bundles } = JSON.parse(ok(['list', '--json'])) as {
      bundles: { name: string; version: string }[];
    };
    const { version } = bundles.find(({ name }) => name === 'local/hello')!;
    ok(['verify', '--all']);
    ok(['revoke', `local/hello@${version}`, '--reason', 'a test of the siren']);
    expect(refused('E_REVOKED', 1, ['verify', '--all']).stdout).toContain('a test of the siren');
    refused('E_REVOKED', 1, ['install', 'local/hello', '--yes']);
    const call = shell.run('signet', ['call', 'skill/hello', '{"name":"Ada"}']);
    expect(call).toMatchObject({ code: 1, stderr: expect.stringContaining('E_REVOKED') });
  });

  test('row 27: what is once known revoked stays so without the status', () => {
    const status = join(shell.folder, '.signet', 'registry', 'status.json');
    const text = readFileSync(status, 'utf8');
    writeFileSync(status, '{}');
    refused('E_REVOKED', 1, ['verify', '--all']);
    writeFileSync(status, text);
  });

  test('row 27: a key is revoked from an index on', () => {
    ok(['revoke', '--key', 'ci', '--from-index', '0', '--reason', 'it was only for this test']);
    ok(['new', 'skill', 'later']);
    refused('E_SIGNER', 1, ['publish', 'later', '--key', 'acme'], {
      env: { SIGNET_KEY_PASSPHRASE: 'correct horse' },
    });
    ok(['publish', 'later', '--key', 'ci']);
    refused('E_KEY_REVOKED', 1, ['install', 'local/later', '--yes']);
  });
});

test('no seed is in anything that was printed, nor anywhere in the project', () => {
  const all = [printed, ...files().values()];
  for (const form of ['base64', 'base64url', 'hex', 'latin1'] as const) {
    const seed = SEED.toString(form);
    expect(all.filter((text) => text.includes(seed))).toEqual([]);
  }
  expect(all.filter((text) => text.includes('correct horse'))).toEqual([]);
});
