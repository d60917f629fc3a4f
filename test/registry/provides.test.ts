// The text that comes out of the isolate is a stranger's: read strictly, compared with what plugin.json states.
import { describe, expect, test } from 'vitest';
import { readSourceManifest } from '../../registry/manifest.ts';
import { readDescription } from '../../registry/provides.ts';
import { manifest } from './folders.ts';
import { codeOf } from './tar-bytes.ts';

const plain = { schema: { type: 'object' }, constructs: [] };
const one = (more: object = {}): object => ({
  kind: 'skill',
  name: 'sample',
  description: 'd',
  input: plain,
  output: plain,
  run: 'function',
  ...more,
});
const source = (provides: object[] = []) => readSourceManifest(JSON.stringify(manifest({ provides })));
const read = (text: string | object[], stated: object[] = []): string =>
  codeOf(() => readDescription(typeof text === 'string' ? text : JSON.stringify(text), source(stated)));

test('what is described is provided, in its order', () => {
  const { provides } = readDescription(JSON.stringify([one({ name: 'b' }), one({ name: 'a' })]), source());
  expect(provides.map(({ name }) => name)).toEqual(['b', 'a']);
  expect(provides[0]).toEqual({
    kind: 'skill',
    name: 'b',
    description: 'd',
    input: { type: 'object' },
    output: { type: 'object' },
  });
});

test.each<[string, string, string | object[]]>([
  ['E_JSON', 'no JSON', 'undefined'],
  ['E_JSON', 'a key twice', '[{"kind":"a","kind":"b"}]'],
  ['E_MANIFEST', 'no list', '{}'],
  ['E_MANIFEST', 'an empty list', []],
  ['E_MANIFEST', 'a field more', [one({ main: 'x' })]],
  ['E_MANIFEST', 'no description', [one({ description: undefined })]],
  ['E_MANIFEST', 'a run that is no function', [one({ run: 'object' })]],
  ['E_MANIFEST', 'an annotation that is unknown', [one({ annotations: { safe: true } })]],
  ['E_MANIFEST', 'no input', [one({ input: undefined })]],
  ['E_MANIFEST', 'a schema for a kind that has its own', [one({ kind: 'parser' })]],
  ['E_KIND_UNSUPPORTED', 'an unknown kind', [one({ kind: 'x' })]],
  [
    'E_SCHEMA_SUBSET',
    'a construct that is refused',
    [one({ input: { schema: {}, constructs: [['', 'date']] } })],
  ],
  ['E_LIMIT', 'five megabytes', JSON.stringify([one({ description: 'x'.repeat(5 << 20) })])],
])('%s: %s', (code, _what, text) => {
  expect(read(text)).toBe(code);
});

describe('entries that plugin.json states', () => {
  const stated = { kind: 'skill', name: 'sample' };
  test.each<[string, string, object[]]>([
    ['passed', 'only the name', [stated]],
    [
      'passed',
      'the same description and schema',
      [{ ...stated, description: 'd', input: { type: 'object' } }],
    ],
    ['E_MANIFEST', 'another name', [{ ...stated, name: 'other' }]],
    ['E_MANIFEST', 'one more', [stated, { ...stated, name: 'other' }]],
    ['E_MANIFEST', 'another kind', [{ ...stated, kind: 'parser' }]],
    ['E_MANIFEST', 'another description', [{ ...stated, description: 'e' }]],
    ['E_MANIFEST', 'another schema', [{ ...stated, input: {} }]],
    ['E_MANIFEST', 'milder annotations', [{ ...stated, annotations: { readOnly: true } }]],
  ])('%s: %s', (code, _what, entries) => {
    expect(read([one()], entries)).toBe(code);
  });
});
