// What `npm pack` needs beside the sources: `dist/` with the compiled modules, the two bundled scripts of the host, and the
// first-party archives (DESIGN.md §8 "TypeScript run as is"; FLOORS.md: Node refuses `.ts` under node_modules).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledScripts } from '../host/bundled.ts';
import { firstPartyLockFile } from '../registry/first-party.ts';
import { archiveFile, loadFirstParty } from './first-party.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin',
  'tsc',
);

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });

const bundled = join(dist, 'host', 'bundled');
mkdirSync(bundled, { recursive: true });
for (const [name, script] of Object.entries(await bundledScripts()))
  writeFileSync(join(bundled, `${name}.js`), script);

const skills = join(dist, 'skills');
mkdirSync(skills, { recursive: true });
cpSync(firstPartyLockFile(), firstPartyLockFile(skills));
for (const { name, archive } of await loadFirstParty())
  writeFileSync(join(skills, archiveFile(name)), archive);
cpSync(join(root, 'sdk', 'template'), join(dist, 'sdk', 'template'), { recursive: true });
