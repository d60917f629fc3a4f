// The launcher: plain JavaScript that any Node can read, so that a too old one hears which Node it needs.
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
  // Not imported: what an older Node lacks would be a syntax error, and importing reads every export there is.
  const { existsSync } = process.getBuiltinModule('node:fs');
  const source = new URL('../cli/main.ts', import.meta.url);
  const built = new URL('../../dist/sdk/cli.js', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : built.href);
  process.exitCode = await main(bin, process.argv.slice(2));
}

/**
 * Start-up is mostly compiling. Only where `SIGNET_CACHE_DIR` asks for it is compiled code kept: nothing is written unasked. What
 * V8 reads back it runs, so that the folder must be one which nobody else can write to.
 */
function cacheCompiledCode() {
  const folder = process.env.SIGNET_CACHE_DIR ?? '';
  if (folder === '') return;
  const { lstatSync, mkdirSync } = process.getBuiltinModule('node:fs');
  const { enableCompileCache } = process.getBuiltinModule('node:module');
  const { isAbsolute, join } = process.getBuiltinModule('node:path');
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
