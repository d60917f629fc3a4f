import { expect, test } from 'vitest';
import { CapabilityRequest, KIND_NAMES, type Kind } from '../../../src/contracts/manifest.ts';
import { KINDS } from '../../../src/kinds/index.ts';
import { exceedsCeiling } from '../../../src/kinds/kind.ts';

test('every kind has its row, under its own name', () => {
  expect(Object.keys(KINDS).sort()).toEqual([...KIND_NAMES].sort());
  for (const [name, row] of Object.entries(KINDS)) expect(row.kind).toBe(name);
});

test('the kinds of this version have schemas, the others have none', () => {
  const built = Object.values(KINDS)
    .filter((row) => row.schemas !== undefined)
    .map((row) => row.kind);
  expect(built.sort()).toEqual(['apply', 'extractor', 'observer', 'parser', 'skill']);
});

// kind | request | allowed?
test.each<[Kind, object, boolean]>([
  ['parser', { id: 'log' }, true],
  ['parser', { id: 'clock' }, true],
  ['parser', { id: 'fs.read', paths: 'granted' }, false],
  ['parser', { id: 'exec', commands: 'granted' }, false],
  ['extractor', { id: 'fs.read', paths: 'granted' }, true],
  ['extractor', { id: 'kv' }, false],
  ['observer', { id: 'http', origins: 'granted', methods: ['GET'] }, true],
  ['observer', { id: 'http', origins: 'granted', methods: ['GET', 'POST'] }, false],
  ['observer', { id: 'secret', names: ['KEY'] }, false],
  ['apply', { id: 'exec', commands: 'granted' }, true],
  ['apply', { id: 'model', roles: ['writer'] }, false],
  ['check', { id: 'kv', access: 'read' }, true],
  ['check', { id: 'kv', access: 'write' }, false],
  ['fact', { id: 'kv', access: 'write' }, false],
  ['channel', { id: 'http', origins: 'granted' }, false],
  ['skill', { id: 'fs.write', paths: 'granted' }, true],
])('%s asking for %o: allowed %s', (kind, request, allowed) => {
  expect(exceedsCeiling(KINDS[kind], CapabilityRequest.parse(request)) === undefined).toBe(allowed);
});

test('a kind that only observes has the class in its ceiling', () => {
  for (const kind of ['extractor', 'observer', 'check'] as const) {
    for (const ceiling of Object.values(KINDS[kind].ceiling)) expect(ceiling.class).toBe('observe');
  }
});
