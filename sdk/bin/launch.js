// The launcher: plain JavaScript that any Node can read, so that a too old one hears which Node it needs.
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

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
  // Whoever reads the result may stop reading: what the command found out still decides its exit code.
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
  cacheCompiledCode();
  const source = new URL('../cli/main.ts', import.meta.url);
  const built = new URL('../../dist/sdk/cli/main.js', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : built.href);
  process.exitCode = await main(bin, process.argv.slice(2));
}

/**
 * Start-up is mostly compiling. What V8 reads back from a cache it runs, so that it lies in a folder which nobody else can write
 * to, never in the shared one of the system; where there is none, everything is compiled anew.
 */
function cacheCompiledCode() {
  const { SIGNET_CACHE_DIR, XDG_CACHE_HOME, HOME } = process.env;
  const folder = SIGNET_CACHE_DIR || join(XDG_CACHE_HOME || join(HOME || homedir(), '.cache'), 'signet');
  if (!isAbsolute(folder)) return;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { mode, uid } = lstatSync(folder);
    const own = process.getuid === undefined || uid === process.getuid();
    if (own && (mode & 0o170022) === 0o040000) enableCompileCache(join(folder, 'compiled'));
  } catch {
    // Read-only or forbidden: slower, and nothing else.
  }
}
