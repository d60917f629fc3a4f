import { defineConfig } from 'vitest/config';

/** Whole processes, hostile code, builds, real isolates: `npm test` runs them, `npm run check` does not. */
const SLOW = [
  'test/{e2e,hostile,sdk,skills}/**/*.test.ts',
  'test/host/{isolate,worker,guest}/**/*.test.ts',
  'test/host/{api,audit,bundled,call-input,evaluate,generation,guest-handle,host,host-state,installed,installed-versions,registry-watch,revocation,release,calls,describe}.test.ts',
  'test/host/{data-limit,kill-group,layers,loaded-bundle,process-tree,program-sandbox,run-program,state-lock,supervisor,worker-kit,recorder,worker-pool,worker-process}.test.ts',
  'test/host/{broker,drain,granted-files,inline-worker,invocation,journal-file,kv,replace-file}.test.ts',
  'test/host/capabilities/{exec,http,secret}.test.ts',
  'test/host/{api-handlers,code-cache,granted-secrets,http-exchange}.test.ts',
  'test/keys/{key-file,keyring,secret-box,secret-source,secret-store,terminal}.test.ts',
  'test/registry/checks/**/*.test.ts',
  'test/registry/archive-second-reader.test.ts',
  // All of the registry's but what needs no registry on disk.
  `test/registry/!(${[
    'archive|archive-path|asks|explain|explain-pages|first-party|guest-modules|lockfile|manifest|policy',
    'preflight|provides|resolve-import|schema-table|sign|statement|subject-list|tar-format',
    'tile-dir|transport|update|verdict-error|yaml',
  ].join('|')}).test.ts`,
];
/** Touches the crontab of a throwaway user: only `.ci/run` makes one. */
const CRON = ['test/cron/**/*.test.ts'];

const shared = {
  pool: 'forks' as const,
  execArgv: ['--no-node-snapshot'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

const project = (name: string, include: string[], rest: { exclude?: string[]; isolate?: boolean } = {}) => ({
  extends: true as const,
  test: { ...shared, name, include, ...rest },
});

/** Where `.ci/run` collects the reports that it adds up. */
const reports = process.env['SIGNET_TEST_REPORTS'];

export default defineConfig({
  resolve: { conditions: ['signet-source'] },
  ssr: { resolve: { conditions: ['signet-source', 'node', 'import', 'default'] } },
  test: {
    reporters:
      reports === undefined
        ? ['default']
        : ['default', ['json', { outputFile: `${reports}/${process.pid}.json` }]],
    projects: [
      // Nothing in here keeps state in a module: one process runs many files.
      project('quick', ['test/**/*.test.ts'], { exclude: [...SLOW, ...CRON], isolate: false }),
      project('slow', SLOW),
      project('cron', CRON),
    ],
  },
});
