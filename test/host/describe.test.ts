// What a host says of what is installed (DESIGN.md §4 "tools()", "status()"): of each version how it stands, of tools what a plain
// call reaches.
import { expect, test } from 'vitest';
import { describeBundles, describeTools } from '../../host/describe.ts';
import type { Installed } from '../../host/installed.ts';
import type { Quarantine } from '../../host/quarantine.ts';
import { HostStatus, ToolDescription } from '../../src/contracts/api.ts';
import type { Uses } from '../../src/uses.ts';

const locked = { name: 'acme/x', version: '1.0.0', digest: 'sha256:a', provides: ['skill/run', 'skill/old'] };
const provided = (name: string) => ({
  kind: 'skill',
  name,
  description: `does ${name}`,
  input: {},
  output: {},
});

test('a tool has the hints of its bundle; what no plain call reaches is none', () => {
  const manifest = {
    extensions: {
      'dev.signet': {
        provides: [provided('run'), provided('old')],
        capabilities: [{ id: 'exec', commands: 'granted' }],
      },
    },
  };
  const installed = {
    listed: () => [{ locked, manifest, ids: new Set(['skill/run']) }],
  } as unknown as Installed;
  const tools = describeTools(installed).map((tool) => ToolDescription.parse(tool));
  expect(tools).toEqual([
    {
      ...provided('run'),
      bundle: 'acme/x',
      version: '1.0.0',
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    },
  ]);
});

const quarantineOf = (digests: readonly string[]) =>
  ({ has: (digest: string) => digests.includes(digest) }) as unknown as Quarantine;

// code | uses
test.each([
  ['E_REVOKED', { calls: 1, last: ['c1'] }],
  ['E_KEY_REVOKED', { calls: 1, last: ['c1'] }],
  ['E_FILE_CHANGED', null],
  [null, null],
])('a row with code %s has uses %j', (code, uses) => {
  const described = {
    locked,
    state: code === null ? 'loaded' : 'refused',
    code,
    warning: null,
    current: true,
  };
  const installed = { describe: () => [described] } as unknown as Installed;
  const usesOf = (digest: string): Uses => ({ calls: 1, last: [digest === 'sha256:a' ? 'c1' : 'another'] });
  const rows = describeBundles(installed, usesOf, quarantineOf([]));
  expect(HostStatus.shape.bundles.parse(rows)).toEqual([
    { ...locked, state: described.state, code, warning: null, current: true, uses },
  ]);
});

// state | quarantined | shown as | with code
test.each([
  ['loaded', [], 'loaded', null],
  ['loaded', ['sha256:a'], 'quarantined', 'E_QUARANTINED'],
  ['installed', ['sha256:a'], 'quarantined', 'E_QUARANTINED'],
  ['loaded', ['sha256:b'], 'loaded', null],
  // Why it is refused is what there is to do first.
  ['refused', ['sha256:a'], 'refused', 'E_FILE_CHANGED'],
])('%s, where %j is quarantined: %s %s', (state, digests, shown, code) => {
  const described = { locked, state, code: state === 'refused' ? code : null, warning: null, current: true };
  const installed = { describe: () => [described] } as unknown as Installed;
  const usesOf = (): Uses => ({ calls: 0, last: [] });
  const [row] = describeBundles(installed, usesOf, quarantineOf(digests));
  expect(HostStatus.shape.bundles.element.parse(row)).toMatchObject({ state: shown, code });
});
