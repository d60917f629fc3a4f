// The host's part of policy.yaml, as it is now.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createHostPolicyReader } from '../../host/host-policy.ts';
import { projectPaths } from '../../host/paths.ts';
import { openProject } from '../../sdk/open-project.ts';
import { refusal } from './refusal.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-host-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('has its defaults without a file, and follows the file', () => {
  const file = join(folder, 'policy.yaml');
  const read = createHostPolicyReader(openProject(projectPaths(folder)));
  expect(read()).toMatchObject({ domains: { merge: [], split: [] }, pool: 1 });
  writeFileSync(file, 'version: 1\nregistries: []\nhost: { pool: 3, domains: { split: [acme] } }\n');
  expect(read()).toMatchObject({ domains: { merge: [], split: ['acme'] }, pool: 3 });
  writeFileSync(file, 'version: 1\nregistries: []\nhost: { pool: none }\n');
  expect(refusal(read)).toBe('E_CONFIG');
});
