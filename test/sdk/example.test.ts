// The example of `signet up`: complete, consistent with itself, and the reader's own once it is there.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseYaml } from '../../registry/yaml.ts';
import { writeExample } from '../../sdk/example.ts';
import { readSpecs } from '../../src/convergence/spec-file.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'signet-example-')), 'example');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

test('it is a valid spec, whose sources are beside it', () => {
  const specs = writeExample(folder);
  expect(readdirSync(folder).sort()).toEqual(['jobs.yaml', 'observed.txt', 'specs.yaml']);
  const [loaded, ...others] = readSpecs(parseYaml(readFileSync(specs, 'utf8'), specs), specs);
  expect(others).toEqual([]);
  if (loaded === undefined || !('spec' in loaded)) throw new Error(JSON.stringify(loaded));
  const { spec } = loaded;
  expect(existsSync(join(folder, spec.declaration.source))).toBe(true);
  expect(existsSync(join(folder, spec.runtime_observable.url?.replace('file:', '') ?? 'none'))).toBe(true);
  expect(spec.drift_action).toBe('alert_only');
});

test('every enabled job of it has its line, and a disabled one has none', () => {
  writeExample(folder);
  const { jobs } = parseYaml(readFileSync(join(folder, 'jobs.yaml'), 'utf8'), 'jobs') as {
    jobs: { entry: string; enabled: boolean }[];
  };
  const observed = readFileSync(join(folder, 'observed.txt'), 'utf8');
  expect(jobs.filter(({ enabled }) => enabled).length).toBe(3);
  for (const { entry, enabled } of jobs) expect(observed.includes(entry), entry).toBe(enabled);
});

test('what its reader changed stays; what is missing comes back', () => {
  writeExample(folder);
  writeFileSync(join(folder, 'observed.txt'), 'mine\n');
  rmSync(join(folder, 'jobs.yaml'));
  writeExample(folder);
  expect(readFileSync(join(folder, 'observed.txt'), 'utf8')).toBe('mine\n');
  expect(existsSync(join(folder, 'jobs.yaml'))).toBe(true);
});
