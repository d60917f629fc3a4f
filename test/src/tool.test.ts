// What a model is told of a function (DESIGN.md §4): the bundle's own word raises the risk that is shown and never lowers it.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CapabilityRequest, Kind, Provided } from '../../src/contracts/manifest.ts';
import { isObjectSchema, toolAnnotations, toolName } from '../../src/tool.ts';

const kvRead: CapabilityRequest = { id: 'kv', access: 'read' };
const kvWrite: CapabilityRequest = { id: 'kv', access: 'write' };
const exec: CapabilityRequest = { id: 'exec', commands: 'granted' };
const files: CapabilityRequest = { id: 'fs.read', paths: 'granted' };

// kind | asks for | says of itself | read only | destructive | idempotent | open world
test.each<[Kind, CapabilityRequest[], Provided['annotations'], boolean, boolean, boolean, boolean]>([
  ['skill', [], undefined, true, false, true, false],
  ['skill', [{ id: 'clock' }, { id: 'log' }], undefined, true, false, true, false],
  ['skill', [files, kvRead], undefined, true, false, true, false],
  ['skill', [], { readOnly: false }, false, true, false, false],
  ['skill', [], { destructive: true }, true, true, true, false],
  ['skill', [], { idempotent: false }, true, false, false, false],
  // It cannot talk itself down.
  ['skill', [kvWrite], { readOnly: true, idempotent: true, destructive: false }, false, true, false, false],
  ['skill', [exec], { readOnly: true }, false, true, false, true],
  // The same request under a kind that only observes.
  ['observer', [exec], undefined, true, false, true, true],
])('%s asking for %j and saying %j', (kind, capabilities, annotations, ...expected) => {
  const said = annotations === undefined ? { kind } : { kind, annotations };
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = toolAnnotations(
    said,
    capabilities,
  );
  expect([readOnlyHint, destructiveHint, idempotentHint, openWorldHint]).toEqual(expected);
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('names are what model APIs take, and no two functions share one', () => {
  expect(toolName('skill', 'crontab_backups', sha256)).toBe('skill_crontab_backups');
  const long = 'a'.repeat(63);
  const names = ['a', 'b'].map((end) => toolName('extractor', `${long}${end}`, sha256));
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{64}$/);
});

test('arguments of a tool are an object', () => {
  expect([{ type: 'object' }, {}, { type: 'string' }].map(isObjectSchema)).toEqual([true, false, false]);
});
