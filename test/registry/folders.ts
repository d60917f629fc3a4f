// Source folders for builds, in temporary places that are removed afterwards.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { MANIFEST_SCHEMA_ID } from '../../src/contracts/manifest.ts';

const made: string[] = [];
afterAll(() => {
  for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
});

/** An empty folder, by its real path. */
export function temporary(): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'signet-build-')));
  made.push(folder);
  return folder;
}

/** Writes files by path below a folder; a value that is no string is written as JSON. */
export function write(folder: string, files: Record<string, unknown>): string {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
  }
  return folder;
}

/** A source manifest; `signet` is laid over its own part. */
export const manifest = (signet: object = {}, top: object = {}): object => ({
  $schema: MANIFEST_SCHEMA_ID,
  name: 'sample',
  version: '1.0.0',
  description: 'A sample.',
  license: 'Apache-2.0',
  extensions: { 'dev.signet': { namespace: 'acme', host: '^1.0.0', ...signet } },
  ...top,
});

/** index.ts with one skill; `head` stands before it, `body` is what run() does. */
export const skill = (head = '', body = 'return { text: String(input.n) };'): string => `
import { definePlugin, provide } from 'signet-host/plugin';
import { z } from 'zod';
${head}
export default definePlugin([
  provide({
    kind: 'skill', name: 'sample', description: 'A sample.', annotations: { readOnly: true },
    input: z.object({ n: z.number() }), output: z.object({ text: z.string() }),
    async run(input, ctx) { ${body} },
  }),
]);
`;

/** A folder with plugin.json and index.ts, and what else is named. */
export const source = (files: Record<string, unknown> = {}): string =>
  write(temporary(), { 'plugin.json': manifest(), 'index.ts': skill(), ...files });
