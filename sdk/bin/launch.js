// The launcher: plain JavaScript that any Node can read, so that a too old one hears which Node it needs.
import { existsSync } from 'node:fs';

const NEEDED = 24;

/** Runs the sources where they are there (a clone), `dist/` otherwise (the npm package). */
export async function launch(bin) {
  if (Number(process.versions.node.split('.')[0]) < NEEDED) {
    process.stderr.write(
      `${bin} needs Node ${NEEDED} or newer; this is Node ${process.versions.node} (in a clone: npm run ${bin})\n`,
    );
    process.exitCode = 64;
    return;
  }
  const source = new URL('../cli/main.ts', import.meta.url);
  const built = new URL('../../dist/sdk/cli/main.js', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : built.href);
  process.exitCode = await main(bin, process.argv.slice(2));
}
