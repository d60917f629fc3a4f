import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { describeGrant, equalsShell, grantCommandLine, reachesPrograms } from '../../host/grant-text.ts';
import type { GrantDraft } from '../../host/grants.ts';
import { Grant } from '../../src/contracts/config.ts';

const exec = (program: string, args: string[], more = {}): Grant =>
  Grant.parse({
    bundle: 'acme/tool',
    capability: 'exec',
    class: 'mutate',
    program,
    args,
    reason: 'why',
    by: 'ann',
    ...more,
  });

describe('equals your shell', () => {
  test.each([
    '/bin/bash',
    '/bin/sh',
    '/usr/bin/dash',
    '/usr/bin/python3',
    '/usr/bin/python3.11',
    '/usr/bin/perl5.36.0',
    '/opt/node',
    '/usr/bin/env',
    '/usr/bin/xargs',
    '/usr/bin/gawk',
    '/usr/bin/sudo',
    '/usr/bin/ruby2.7',
    '/bin/busybox',
    '/usr/bin/stdbuf',
    '/usr/bin/flock',
    '/usr/bin/ionice',
    '/usr/bin/taskset',
    '/usr/bin/strace',
    '/usr/bin/gdb',
    '/lib64/ld-linux-x86-64.so.2',
    '/lib/ld-linux-aarch64.so.1',
    '/lib/ld-musl-x86_64.so.1',
    '/usr/bin/ld.so',
    '/usr/bin/vi',
    '/usr/bin/vim',
    '/usr/bin/vim.basic',
    '/usr/bin/git',
    '/usr/bin/sed',
    '/usr/bin/ed',
  ])('%s, with or without -c', (program) => {
    for (const args of [[], ['-c', 'x'], ['/opt/script']])
      expect(describeGrant(exec(program, args))).toContain('this equals your shell');
  });

  test.each([
    '/usr/bin/crontab',
    '/bin/cat',
    '/usr/bin/fish-counter',
    '/opt/nodes',
    '/usr/bin/envsubst',
    '/usr/bin/gitk',
    '/usr/bin/used',
    '/usr/bin/ld',
    '/usr/lib/libc.so.6',
  ])('%s does not', (program) => {
    expect(equalsShell({ program, shell: false })).toBe(false);
    expect(describeGrant(exec(program, ['-c', 'x']))).not.toContain('shell');
  });

  test('whatever was granted as a shell line does', () => {
    expect(equalsShell({ program: '/opt/own-shell', shell: true })).toBe(true);
  });
});

test.each([
  ['/', true],
  ['/etc', true],
  ['/etc/cron.d/x', true],
  ['/home', true],
  ['/home/ann', true],
  ['/home/ann/.ssh', true],
  ['/home/ann/.bashrc', true],
  ['/home/ann/bin/x', true],
  ['/home/ann/data', false],
  ['/home/anna/.ssh', false],
  ['/srv/data', false],
  ['/etcetera', false],
])('who may write to %s decides what is run: %s', (path, reaches) => {
  expect(reachesPrograms(path, '/home/ann')).toBe(reaches);
});

test.each<[object, string]>([
  [
    { capability: 'fs.write', path: '/srv/x', maxBytes: 9 },
    'write /srv/x and, where that is a folder, every file below it, at most 9 bytes each',
  ],
  [{ capability: 'fs.write', path: '/etc' }, 'this equals your shell'],
  [{ capability: 'invoke', function: 'skill/run' }, 'what it changes has to be a step of the plan'],
  [{ capability: 'invoke', function: 'skill/run', class: 'observe' }, 'call skill/run, always as a dry run'],
  [
    { capability: 'model', class: 'observe', roles: ['a', 'b'] },
    'ask a model as a or b, without a limit of tokens',
  ],
  [
    { capability: 'model', class: 'observe', roles: ['a'], maxTokensPerCall: 9, tokensPerDay: 99 },
    'ask a model as a, 9 tokens a call, 99 tokens a day',
  ],
])('%j in words', (fields, words) => {
  const common = { bundle: 'acme/tool', class: 'mutate', reason: 'why', by: 'ann' };
  expect(describeGrant(Grant.parse({ ...common, ...fields }))).toContain(words);
});

test('what runs in a sandbox is not your shell', () => {
  const boxed = describeGrant(exec('/bin/sh', ['-c', 'x'], { sandbox: true }));
  expect(boxed).toContain('inside a sandbox, without network and home');
  expect(boxed).toContain('in there it runs whatever it is told to');
  expect(boxed).not.toContain('equals your shell');
  const { by: _, ...draft } = exec('/bin/ls', [], { sandbox: true, command: 'ls' });
  expect(grantCommandLine(draft)).toBe(
    'signet grant acme/tool exec --command ls --sandbox --class mutate --reason why',
  );
});

test('a lifetime comes before what belongs to the program', () => {
  const draft: GrantDraft = {
    bundle: 'a/b',
    capability: 'exec',
    class: 'mutate',
    program: '/p',
    args: ['x'],
    stdin: false,
    shell: false,
    reason: 'r',
  };
  expect(grantCommandLine(draft, '1d')).toBe(
    'signet grant a/b exec --class mutate --for 1d --reason r -- /p x',
  );
});

test('a grant says in words what it allows, and nothing in it can hide or rearrange the rest', () => {
  expect(describeGrant(exec('/usr/bin/crontab', ['-'], { command: 'crontab -', stdin: true }))).toBe(
    'acme/tool may run exactly /usr/bin/crontab - when it asks for "crontab -", with input of its own choice; ' +
      'it changes things, so it needs a plan and is left out of a dry run — granted by ann: why',
  );
  const sneaky = describeGrant(
    exec('/bin/sh', ['-c', 'rm x # \u202e\u001b[8m'], {
      class: 'observe',
      reason: 'a\rb',
      expires: '2030-01-01T00:00:00Z',
    }),
  );
  expect(sneaky).toContain("/bin/sh -c $'rm x # \\U0000202e\\U0000001b[8m'; this equals your shell");
  expect(sneaky).toContain('you say that it changes nothing');
  expect(sneaky).toContain(', until 2030-01-01T00:00:00Z — granted by ann: a\\u{d}b');
  expect(sneaky).not.toMatch(/\p{Cc}|\p{Cf}/u);
  const common = { bundle: 'acme/tool', reason: 'why', by: 'ann' };
  expect(describeGrant({ ...common, capability: 'fs.read', class: 'observe', path: '/data' })).toContain(
    'read /data',
  );
  expect(describeGrant({ ...common, capability: 'kv', class: 'observe' })).toContain('read the values');
  expect(describeGrant({ ...common, capability: 'kv', class: 'mutate' })).toContain('keep values of its own');
});

describe('http and secret in words', () => {
  const common = { bundle: 'acme/tool', reason: 'why', by: 'ann' };
  const scope = { origin: 'https://api.example', methods: ['GET'], pathPrefix: '/' };
  const http = (more: object): string =>
    describeGrant(Grant.parse({ ...common, capability: 'http', class: 'observe', ...scope, ...more }));
  const secret = (use: object): string =>
    describeGrant(Grant.parse({ ...common, capability: 'secret', class: 'observe', name: 'KEY', use }));
  test('where to, how, and how far', () => {
    expect(http({})).toBe(
      'acme/tool may send GET to https://api.example/…; you say that it changes nothing, so it also runs in a dry run and without a plan — granted by ann: why',
    );
    const mixed = http({ methods: ['GET', 'POST'], class: 'mutate', pathPrefix: '/v1', private: true });
    expect(mixed).toContain(
      'send GET, POST to https://api.example/v1, also where that leads into your own network',
    );
    expect(mixed).toContain('it changes things');
    expect(mixed).toContain('(GET and HEAD only observe)');
  });
  test('what becomes of a secret, with its name and never more', () => {
    const sent = { ...scope, header: 'Authorization', format: 'Bearer {}' };
    expect(secret({ http: sent })).toContain(
      'have the secret KEY sent as "Authorization: Bearer KEY" with GET to https://api.example/…; it never sees the secret',
    );
    expect(secret({ http: { ...sent, origin: 'http://api.example' } })).toContain(', unencrypted');
    expect(secret({ mac: { algorithms: ['hmac-sha256', 'hmac-sha1'] } })).toContain(
      'learn whether a message carries a valid hmac-sha256 or hmac-sha1 of the secret KEY, never the secret',
    );
  });
});

test.each<[GrantDraft, string[]]>([
  // grant, the words that a shell makes of the command line
  [
    { bundle: 'a/b', capability: 'fs.read', class: 'observe', path: '/da ta', reason: "it's" },
    ['grant', 'a/b', 'fs.read', '--path', '/da ta', '--reason', "it's"],
  ],
  [
    {
      bundle: 'a/b',
      capability: 'exec',
      class: 'observe',
      command: 'x | $(y)',
      program: '/',
      args: [],
      stdin: true,
      shell: true,
      expires: '2030-01-01T00:00:00Z',
      reason: 'r',
    },
    [
      'grant',
      'a/b',
      'exec',
      '--command',
      'x | $(y)',
      '--stdin',
      '--class',
      'observe',
      '--expires',
      '2030-01-01T00:00:00Z',
      '--reason',
      'r',
    ],
  ],
  [
    {
      bundle: 'a/b',
      capability: 'exec',
      class: 'mutate',
      program: '/p',
      args: ['-l', '--', "'"],
      stdin: false,
      shell: false,
      reason: 'r',
    },
    ['grant', 'a/b', 'exec', '--class', 'mutate', '--reason', 'r', '--', '/p', '-l', '--', "'"],
  ],
  [
    {
      bundle: 'a/b',
      capability: 'http',
      class: 'mutate',
      origin: 'https://a.example',
      methods: ['GET', 'POST'],
      pathPrefix: '/v1/',
      private: true,
      maxBytes: 9,
      reason: 'r',
    },
    [
      'grant',
      'a/b',
      'http',
      ...['--origin', 'https://a.example', '--method', 'GET', '--method', 'POST', '--path-prefix', '/v1/'],
      ...['--private', '--max-bytes', '9', '--class', 'mutate', '--reason', 'r'],
    ],
  ],
  [
    {
      bundle: 'a/b',
      capability: 'secret',
      class: 'observe',
      name: 'KEY',
      use: {
        http: {
          origin: 'https://a.example',
          methods: ['GET'],
          pathPrefix: '/',
          header: 'X-Key',
          format: "it's $(x) {}",
        },
      },
      reason: 'r',
    },
    [
      'grant',
      'a/b',
      'secret',
      ...['--name', 'KEY', '--origin', 'https://a.example', '--method', 'GET'],
      ...['--header', 'X-Key', '--format', "it's $(x) {}", '--reason', 'r'],
    ],
  ],
  [
    {
      bundle: 'a/b',
      capability: 'secret',
      class: 'observe',
      name: 'KEY',
      use: { mac: { algorithms: ['hmac-sha256', 'hmac-sha1'] } },
      reason: 'r',
    },
    [
      'grant',
      'a/b',
      'secret',
      '--name',
      'KEY',
      '--mac',
      'hmac-sha256',
      '--mac',
      'hmac-sha1',
      '--reason',
      'r',
    ],
  ],
  [
    { bundle: 'a/b', capability: 'kv', class: 'mutate', reason: 'r' },
    ['grant', 'a/b', 'kv', '--class', 'mutate', '--reason', 'r'],
  ],
  [
    { bundle: 'a/b', capability: 'fs.write', class: 'mutate', path: '/x y', maxBytes: 5, reason: 'r' },
    ['grant', 'a/b', 'fs.write', '--path', '/x y', '--max-bytes', '5', '--reason', 'r'],
  ],
  [
    { bundle: 'a/b', capability: 'invoke', class: 'observe', function: 'skill/run', reason: 'r' },
    ['grant', 'a/b', 'invoke', '--function', 'skill/run', '--class', 'observe', '--reason', 'r'],
  ],
  [
    {
      bundle: 'a/b',
      capability: 'model',
      class: 'observe',
      roles: ['a', 'b c'],
      maxTokensPerCall: 1,
      tokensPerDay: 2,
      reason: 'r',
    },
    [
      'grant',
      'a/b',
      'model',
      '--role',
      'a',
      '--role',
      'b c',
      '--max-tokens',
      '1',
      '--tokens-per-day',
      '2',
      '--reason',
      'r',
    ],
  ],
])('%j is granted by a line that runs as printed', (draft, words) => {
  const script = `signet() { printf '%s\\0' "$@"; }; ${grantCommandLine(draft)}`;
  const printed = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  expect(printed.split('\0').slice(0, -1)).toEqual(words);
});
