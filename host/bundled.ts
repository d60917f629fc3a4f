// The scripts of the worker and of the guest prelude, each as one text: bundled from the sources beside this file, or, in the
// published package, read from `bundled/` beside it.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export interface BundledScripts {
  readonly worker: string;
  readonly prelude: string;
}

let scripts: Promise<BundledScripts> | undefined;

/** Both scripts, made or read once a process. */
export function bundledScripts(): Promise<BundledScripts> {
  if (scripts === undefined) {
    scripts = import.meta.url.endsWith('.ts') ? bundle() : read();
    // A failure is tried again, not kept.
    scripts.catch(() => {
      scripts = undefined;
    });
  }
  return scripts;
}

async function bundle(): Promise<BundledScripts> {
  const { bundleScript } = await import('../registry/build.ts');
  const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const needs = source('./guest/web/url-needs.ts');
  const alias = { tr46: needs, 'webidl-conversions': needs };
  // Each, an entry of the bundler like the prelude itself, is a function that is compiled when it is first called: an isolate that has no use for it pays for its text alone.
  const lazy = ['web', 'url', 'crypto'].map((name) => {
    const globalName = `__signet_${name}`;
    const script = bundleScript(source(`./guest/web/${name}.ts`), { format: 'iife', alias, globalName });
    return `const ${globalName}=()=>{${script}return ${globalName}};`;
  });
  return {
    worker: bundleScript(source('./worker/worker.ts'), { format: 'cjs' }),
    prelude: `{${lazy.join('')}${bundleScript(source('./guest/prelude.ts'), { format: 'iife' })}}`,
  };
}

async function read(): Promise<BundledScripts> {
  const text = (name: string) => readFile(new URL(`./bundled/${name}.js`, import.meta.url), 'utf8');
  const [worker, prelude] = await Promise.all([text('worker'), text('prelude')]);
  return { worker, prelude };
}
