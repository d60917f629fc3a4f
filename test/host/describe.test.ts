// What a host says of what is installed (DESIGN.md §4 "tools()", "status()"): of each version how it stands, of tools what a plain
// call reaches.
import { expect, test } from 'vitest';
import { describeBundles, describeTools } from '../../host/describe.ts';
import type { Installed } from '../../host/installed.ts';
import { HostStatus, ToolDescription } from '../../src/contracts/api.ts';

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

// code | uses
test.each([
  ['E_REVOKED', { calls: 1, last: ['c1'] }],
  ['E_KEY_REVOKED', { calls: 1, last: ['c1'] }],
  ['E_FILE_CHANGED', null],
  [null, null],
])('a row with code %s has uses %j', (code, uses) => {
  const usesOf = (digest: string) => ({ calls: 1, last: digest === 'sha256:a' ? ['c1'] : [] });
  const described = {
    locked,
    state: code === null ? 'loaded' : 'refused',
    code,
    warning: null,
    current: true,
  };
  const installed = { describe: () => [described] } as unknown as Installed;
  const rows = describeBundles(installed, usesOf);
  expect(HostStatus.shape.bundles.parse(rows)).toEqual([
    { ...locked, state: described.state, code, warning: null, current: true, uses },
  ]);
});
