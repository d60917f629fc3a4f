// plugin.json: strict, all problems at once, ceilings, closed schemas (THREATS.md 18, 33, 34, 36, H8).
import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkCeilings, readManifest, readSourceManifest, requireKind } from '../../registry/manifest.ts';
import type { SignetError } from '../../src/error.ts';
import { sharedPath } from '../shared.ts';
import { manifest } from './folders.ts';
import { codeOf } from './tar-bytes.ts';

const provided = (more: object = {}): object => ({
  kind: 'skill',
  name: 'sample',
  description: 'd',
  input: { type: 'object' },
  output: {},
  ...more,
});
const built = (signet: object = {}, top: object = {}): string =>
  JSON.stringify(manifest({ main: './dev.signet/main.js', provides: [provided()], ...signet }, top));
const read = (text: string): string => codeOf(() => readManifest(text));
const messageOf = (call: () => unknown): string => {
  try {
    call();
    return 'passed';
  } catch (error) {
    return (error as SignetError).message;
  }
};

test('a built manifest and a source manifest pass, with defaults filled in', () => {
  const capabilities = [{ id: 'kv' }, { id: 'http', origins: ['https://a.example'] }];
  const { extensions } = readManifest(built({ capabilities }));
  expect(extensions['dev.signet']).toMatchObject({
    requires: {},
    capabilities: [{ access: 'write' }, { methods: ['GET'] }],
  });
  expect(readSourceManifest(JSON.stringify(manifest())).extensions['dev.signet'].provides).toEqual([]);
  expect(read(JSON.stringify(manifest()))).toBe('passed');
});

describe('refused', () => {
  test.each<[string, string, string]>([
    ['E_JSON', 'not JSON', '{'],
    ['E_JSON', 'a key twice', built().replace('{', '{"name":"other",')],
    ['E_JSON', '__proto__', built().replace('{', '{"__proto__":{},')],
    ['E_LIMIT', 'more than a megabyte', `${built()}${' '.repeat(1 << 20)}`],
    ['E_MANIFEST', 'an unknown field', built({}, { hooks: {} })],
    ['E_MANIFEST', 'an unknown field of ours', built({ postinstall: 'x' })],
    ['E_MANIFEST', 'no schema', built({}, { $schema: undefined })],
    ['E_MANIFEST', 'another schema', built({}, { $schema: 'https://evil.example/plugin.schema.json' })],
    [
      'E_FORMAT_VERSION',
      'a later Agent Plugins',
      built({}, { $schema: 'https://agent-plugins.org/schemas/2.0.0/plugin.schema.json' }),
    ],
    ['E_MANIFEST', 'v1.2.3', built({}, { version: 'v1.2.3' })],
    ['E_MANIFEST', 'build metadata', built({}, { version: '1.2.3+a' })],
    ['E_MANIFEST', 'a version that is none', built({}, { version: '1.2' })],
    ['E_MANIFEST', 'an empty range', built({ host: '' })],
    ['E_MANIFEST', 'a blank range', built({ host: ' ' })],
    ['E_MANIFEST', 'a range that is none', built({ host: 'latest' })],
    ['E_MANIFEST', 'the name constructor', built({}, { name: 'constructor' })],
    ['E_MANIFEST', 'the namespace valueOf', built({ namespace: 'valueOf' })],
    ['E_MANIFEST', 'a function called constructor', built({ provides: [provided({ name: 'constructor' })] })],
    ['E_MANIFEST', 'a name with a slash', built({}, { name: 'a/b' })],
    ['E_MANIFEST', 'another main', built({ main: './index.js' })],
    ['E_MANIFEST', 'a main that escapes', built({ main: '../main.js' })],
    ['E_MANIFEST', 'functions without code', built({ main: undefined })],
    ['E_MANIFEST', 'code without functions', built({ provides: [] })],
    ['E_MANIFEST', 'a function twice', built({ provides: [provided(), provided()] })],
    [
      'E_MANIFEST',
      'a capability twice',
      built({ capabilities: [{ id: 'kv' }, { id: 'kv', access: 'read' }] }),
    ],
    ['E_MANIFEST', 'an unknown capability', built({ capabilities: [{ id: 'root' }] })],
    ['E_MANIFEST', 'a requirement of no kind', built({ requires: { 'thing/x': '^1.0.0' } })],
    [
      'E_MANIFEST',
      'a requirement of a reserved name',
      built({ requires: { 'parser/constructor': '^1.0.0' } }),
    ],
    [
      'E_MANIFEST',
      "another client's extension that is no object",
      built().replace('"dev.signet"', '"org.other":1,"dev.signet"'),
    ],
    ['E_KIND_UNSUPPORTED', 'an unknown kind', built({ provides: [provided({ kind: 'daemon' })] })],
    ['E_KIND_UNSUPPORTED', 'a kind that is not built', built({ provides: [provided({ kind: 'sender' })] })],
    ['E_KIND_UNSUPPORTED', 'the kind constructor', built({ provides: [provided({ kind: 'constructor' })] })],
    [
      'E_SCHEMA_SUBSET',
      'a pattern',
      built({ provides: [provided({ input: { type: 'string', pattern: '(a+)+$' } })] }),
    ],
    ['E_SCHEMA_SUBSET', 'a reference', built({ provides: [provided({ output: { $ref: '#' } })] })],
    [
      'E_SCHEMA_SUBSET',
      'a remote reference',
      built({ provides: [provided({ output: { $ref: 'https://a.example' } })] }),
    ],
    [
      'E_SCHEMA_SUBSET',
      'a huge enum',
      built({ provides: [provided({ input: { enum: Array.from({ length: 300 }, (_, i) => i) } })] }),
    ],
    [
      'E_CEILING',
      'exec for a parser',
      built({
        provides: [provided({ kind: 'parser' })],
        capabilities: [{ id: 'exec', commands: 'granted' }],
      }),
    ],
    [
      'E_CEILING',
      'POST for an observer',
      built({
        provides: [provided({ kind: 'observer' })],
        capabilities: [{ id: 'http', origins: 'granted', methods: ['GET', 'POST'] }],
      }),
    ],
    ['E_CEILING', 'anything without code', JSON.stringify(manifest({ capabilities: [{ id: 'clock' }] }))],
  ])('%s: %s', (code, _what, text) => {
    expect(read(text)).toBe(code);
  });

  test('a schema nested too deep', () => {
    let input: object = { type: 'string' };
    for (let i = 0; i < 20; i++) input = { type: 'array', items: input };
    expect(read(built({ provides: [provided({ input })] }))).toBe('E_SCHEMA_SUBSET');
  });

  test('every problem is named at once', () => {
    const message = messageOf(() =>
      readManifest(built({ host: 'latest', namespace: 'X' }, { version: 'v1' })),
    );
    for (const part of ['version', 'namespace', 'host']) expect(message).toContain(part);
    const second = messageOf(() =>
      readManifest(built({ provides: [provided(), provided()], capabilities: [{ id: 'kv' }, { id: 'kv' }] })),
    );
    expect(second).toMatch(/skill\/sample.*kv/);
  });
});

describe('ceilings', () => {
  const asks = (kinds: string[], capability: object): string =>
    messageOf(() =>
      checkCeilings(
        readSourceManifest(
          JSON.stringify(
            manifest({
              provides: kinds.map((kind, i) => ({ kind, name: `f${i}` })),
              capabilities: [capability],
            }),
          ),
        ).extensions['dev.signet'],
      ),
    );
  test('within that of one of the kinds is enough; beyond all of them is not', () => {
    expect(asks(['extractor', 'apply'], { id: 'kv' })).toBe('passed');
    expect(asks(['parser'], { id: 'clock' })).toBe('passed');
    expect(asks(['parser', 'extractor'], { id: 'kv' })).toMatch(/kv.*parser.*extractor/);
    expect(asks(['observer'], { id: 'fs.write', paths: 'granted' })).toContain('observer');
  });
});

test('requireKind answers for names that every object has', () => {
  expect(requireKind('parser')).toBe('parser');
  for (const kind of ['toString', '__proto__', '', 'Parser', 'x'.repeat(10_000)]) {
    expect(codeOf(() => requireKind(kind))).toBe('E_KIND_UNSUPPORTED');
  }
});

const OFFICIAL = sharedPath('data/agent-plugins-1.0.0.plugin.schema.json');
describe.skipIf(OFFICIAL === undefined)('the official schema of Agent Plugins 1.0.0', () => {
  const official = z.fromJSONSchema(
    OFFICIAL === undefined ? {} : JSON.parse(fs.readFileSync(OFFICIAL, 'utf8')),
  );
  test.each([
    ['built', built()],
    [
      'with everything',
      built(
        {},
        { author: { name: 'A', email: 'a@b.c', url: 'u' }, homepage: 'h', repository: 'r', keywords: ['k'] },
      ),
    ],
    ['without code', JSON.stringify(manifest())],
    ["with another client's extension", built().replace('"dev.signet"', '"org.other":{"x":1},"dev.signet"')],
  ])('accepts what we accept: %s', (_what, text) => {
    expect(read(text)).toBe('passed');
    expect(official.safeParse(JSON.parse(text)).success).toBe(true);
  });

  test.each([
    ['an unknown field', built({}, { hooks: {} })],
    ['an author with a phone', built({}, { author: { phone: '1' } })],
    ['keywords that are a text', built({}, { keywords: 'k' })],
    ['an extension that is a number', built().replace('"dev.signet"', '"org.other":1,"dev.signet"')],
    ['a name with two hyphens', built({}, { name: 'a--b' })],
    ['another schema', built({}, { $schema: 'x' })],
  ])('refuses, as we do: %s', (_what, text) => {
    expect(official.safeParse(JSON.parse(text)).success).toBe(false);
    expect(read(text)).toBe('E_MANIFEST');
  });
});
