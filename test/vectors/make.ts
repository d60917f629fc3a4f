// The recipe: writes every vector anew. `npx node test/vectors/make.ts`, after a change of a format that is meant; then look at what
// changed before it is committed.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { vectorFiles } from './all.ts';

const folder = join(import.meta.dirname, 'fixtures');
const files = vectorFiles();
rmSync(folder, { recursive: true, force: true });
for (const [path, bytes] of files) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}
console.log(`${files.size} files, ${[...files.values()].reduce((sum, { length }) => sum + length, 0)} bytes`);
