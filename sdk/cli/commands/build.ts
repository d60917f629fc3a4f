// `registry build DIR`: what the source builds to, and with --out the built files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildFolder, builtJson, describeBuilt } from '../built.ts';
import { type Run, text } from '../command.ts';

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const built = await buildFolder(positionals[0] ?? '.', invocation);
  const out = text(invocation, 'out');
  if (out !== undefined) {
    for (const [path, { bytes }] of built.files) {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), bytes);
    }
  }
  output.result(json ? builtJson('build/1', built, { out: out ?? null }) : describeBuilt(built));
  return 0;
};
