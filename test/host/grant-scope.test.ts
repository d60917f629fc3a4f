import { describe, expect, test } from 'vitest';
import { answers, narrower, reaches } from '../../host/grant-scope.ts';
import type { GrantDraft } from '../../host/grants.ts';
import { Grant } from '../../src/contracts/config.ts';

const grant = (fields: object): Grant =>
  Grant.parse({ bundle: 'acme/tool', class: 'observe', reason: 'why', by: 'ann', ...fields });
const http = (fields: object = {}) =>
  grant({
    capability: 'http',
    origin: 'https://a.example',
    methods: ['GET', 'POST'],
    class: 'mutate',
    ...fields,
  });
const exec = { capability: 'exec', program: '/bin/ls', args: ['-l'] };

test.each<[object, string, boolean]>([
  [{ capability: 'fs.read', path: '/data' }, '/data/x', true],
  [{ capability: 'fs.read', path: '/data' }, '/data', true],
  [{ capability: 'fs.read', path: '/data' }, '/database', false],
  [{ capability: 'fs.read', path: '/data' }, '/data/../etc/passwd', false],
  [{ capability: 'fs.write', path: '/data', class: 'mutate' }, '/data/x', true],
  [{ ...exec, command: 'ls -l' }, 'ls -l', true],
  [{ ...exec, command: 'ls -l' }, '/bin/ls -l', false],
  [exec, '/bin/ls -l', true],
  [exec, '/bin/ls -l -a', false],
  [{ capability: 'kv' }, 'read', true],
  [{ capability: 'kv' }, 'write', false],
  [{ capability: 'kv', class: 'mutate' }, 'write', true],
  [{ capability: 'http', origin: 'https://a.example', methods: ['GET'] }, 'GET https://a.example/x', true],
  [{ capability: 'http', origin: 'https://a.example', methods: ['GET'] }, 'POST https://a.example/x', false],
  [{ capability: 'http', origin: 'https://a.example', methods: ['GET'] }, 'GET https://b.example/x', false],
  [{ capability: 'http', origin: 'https://a.example', methods: ['GET'] }, 'GET', false],
  [{ capability: 'secret', name: 'KEY', use: { mac: { algorithms: ['hmac-sha256'] } } }, 'KEY', true],
  [{ capability: 'secret', name: 'KEY', use: { mac: { algorithms: ['hmac-sha256'] } } }, 'OTHER', false],
  [{ capability: 'invoke', function: 'skill/a' }, 'skill/a', true],
  [{ capability: 'invoke', function: 'skill/a' }, 'skill/ab', false],
  [{ capability: 'model', roles: ['a', 'b'] }, 'b', true],
  [{ capability: 'model', roles: ['a', 'b'] }, 'c', false],
])('%j reaches %s: %s', (fields, target, reached) => {
  expect(reaches(grant(fields), target)).toBe(reached);
});

describe('narrower', () => {
  /** What is left of the drafts beside the grant they come from. */
  const parts = (from: Grant, ...targets: string[]) =>
    narrower(from, new Set(targets)).map((draft) =>
      Object.fromEntries(
        Object.entries(draft).filter(
          ([key, value]) => JSON.stringify(from[key as keyof Grant]) !== JSON.stringify(value),
        ),
      ),
    );

  test('of nothing, of targets that it never reached, and of what is exact already: none', () => {
    const root = grant({ capability: 'fs.read', path: '/' });
    expect(parts(root)).toEqual([]);
    expect(parts(grant({ capability: 'fs.read', path: '/data' }), '/data/x', '/etc/x')).toEqual([]);
    expect(parts(grant({ capability: 'fs.read', path: '/data/x' }), '/data/x')).toEqual([]);
    expect(parts(grant({ ...exec, command: 'ls' }), 'ls')).toEqual([]);
    expect(parts(grant({ capability: 'invoke', function: 'skill/a' }), 'skill/a')).toEqual([]);
  });

  test('paths: a few one by one, many by the folder that holds them, unless that is what is granted', () => {
    const root = grant({ capability: 'fs.read', path: '/' });
    expect(parts(root, '/data/x')).toEqual([{ path: '/data/x' }]);
    expect(parts(root, '/data/x', '/etc/y')).toEqual([{ path: '/data/x' }, { path: '/etc/y' }]);
    expect(parts(root, '/data', '/data/x')).toEqual([{ path: '/data' }]);
    expect(parts(root, '/data/a/1', '/data/a/2', '/data/b', '/data/c')).toEqual([{ path: '/data' }]);
    expect(parts(root, '/a', '/b', '/c', '/d')).toEqual([]);
    const data = grant({ capability: 'fs.write', path: '/data', class: 'mutate', maxBytes: 9 });
    expect(narrower(data, new Set(['/data/x']))).toMatchObject([
      { path: '/data/x', maxBytes: 9, class: 'mutate' },
    ]);
    expect(parts(data, '/data/1', '/data/2', '/data/3', '/data/4')).toEqual([]);
  });

  test('a store that was only read', () => {
    const kv = grant({ capability: 'kv', class: 'mutate' });
    expect(parts(kv, 'read')).toEqual([{ class: 'observe' }]);
    expect(parts(kv, 'read', 'write')).toEqual([]);
    expect(parts(grant({ capability: 'kv' }), 'read')).toEqual([]);
  });

  test('requests: methods, and the folder of all paths; what only reads observes', () => {
    expect(parts(http(), 'GET https://a.example/v1/x', 'GET https://a.example/v1/y/z')).toEqual([
      { class: 'observe', methods: ['GET'], pathPrefix: '/v1/' },
    ]);
    expect(parts(http(), 'GET https://a.example/v1/x', 'POST https://a.example/v2/x')).toEqual([]);
    expect(parts(http(), 'POST https://a.example/v1/x')).toEqual([{ methods: ['POST'], pathPrefix: '/v1/' }]);
    const v1 = http({ pathPrefix: '/v1/' });
    expect(parts(v1, 'GET https://a.example/v1/a', 'POST https://a.example/v1/b')).toEqual([]);
    expect(parts(v1, 'GET https://a.example/v1/a/b', 'POST https://a.example/v1/a/c')).toEqual([
      { pathPrefix: '/v1/a/' },
    ]);
    // No grant can name it.
    expect(parts(http({ methods: ['GET'] }), 'GET https://a.example/a%20b/c')).toEqual([]);
    for (const draft of narrower(http(), new Set(['GET https://a.example/v1/x'])))
      expect(Grant.safeParse({ ...draft, by: 'ann' }).success).toBe(true);
  });

  test('roles', () => {
    expect(parts(grant({ capability: 'model', roles: ['a', 'b', 'c'] }), 'c', 'a')).toEqual([
      { roles: ['a', 'c'] },
    ]);
    expect(parts(grant({ capability: 'model', roles: ['a'] }), 'a')).toEqual([]);
  });
});

const draft = (fields: object): GrantDraft => {
  const { by: _, ...rest } = grant(fields);
  return rest as GrantDraft;
};
test.each<[object, object, boolean]>([
  // granted, wanted
  [{ capability: 'fs.read', path: '/data/x' }, { capability: 'fs.read', path: '/data' }, true],
  [{ capability: 'fs.read', path: '/' }, { capability: 'fs.read', path: '/data' }, true],
  [{ capability: 'fs.read', path: '/etc' }, { capability: 'fs.read', path: '/data' }, false],
  [
    { capability: 'fs.read', path: '/data' },
    { capability: 'fs.write', path: '/data', class: 'mutate' },
    false,
  ],
  [{ capability: 'kv' }, { capability: 'kv', class: 'mutate' }, true],
  [
    { capability: 'http', origin: 'https://a.example', methods: ['GET'], pathPrefix: '/v1' },
    { capability: 'http', origin: 'https://a.example', methods: ['GET', 'POST'] },
    true,
  ],
  [
    { capability: 'http', origin: 'https://a.example', methods: ['PUT'] },
    { capability: 'http', origin: 'https://a.example', methods: ['GET'] },
    false,
  ],
  [{ ...exec, command: 'ls' }, { ...exec, command: 'ls' }, true],
  [exec, exec, true],
  [exec, { ...exec, command: 'ls' }, false],
  [{ capability: 'invoke', function: 'skill/a' }, { capability: 'invoke', function: 'skill/b' }, false],
  [{ capability: 'model', roles: ['a'] }, { capability: 'model', roles: ['a', 'b'] }, false],
  [
    { capability: 'secret', name: 'KEY', use: { mac: { algorithms: ['hmac-sha256'] } } },
    { capability: 'secret', name: 'KEY', use: { mac: { algorithms: ['hmac-sha1'] } } },
    true,
  ],
])('%j answers %j: %s', (granted, wanted, answered) => {
  expect(answers(grant(granted), draft(wanted))).toBe(answered);
});
