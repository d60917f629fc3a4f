import { defineConfig } from 'vitest/config';

/** Slow: hostile code, whole processes, packing. `npm run check` runs the rest. */
const SLOW = ['test/hostile/**/*.test.ts', 'test/e2e/**/*.test.ts'];
/** Touches the crontab of a throwaway user: only `.ci/run` makes one. */
const CRON = ['test/cron/**/*.test.ts'];

const shared = {
  pool: 'forks' as const,
  execArgv: ['--no-node-snapshot'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

const project = (name: string, include: string[], exclude: string[] = []) => ({
  extends: true as const,
  test: { ...shared, name, include, exclude },
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
      project('quick', ['test/**/*.test.ts'], [...SLOW, ...CRON]),
      project('slow', SLOW),
      project('cron', CRON),
    ],
  },
});
