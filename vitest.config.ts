import { defineConfig } from 'vitest/config';

/** Slow: hostile code, whole processes, packing. `npm run check` runs the rest. */
const SLOW = ['test/hostile/**', 'test/e2e/**'];

const shared = {
  pool: 'forks',
  execArgv: ['--no-node-snapshot'],
  testTimeout: 60_000,
  hookTimeout: 120_000,
} as const;

export default defineConfig({
  resolve: { conditions: ['signet-source'] },
  ssr: { resolve: { conditions: ['signet-source', 'node', 'import', 'default'] } },
  test: {
    projects: [
      { extends: true, test: { ...shared, name: 'quick', include: ['test/**/*.test.ts'], exclude: SLOW } },
      {
        extends: true,
        test: { ...shared, name: 'slow', include: SLOW.map((folder) => `${folder}/*.test.ts`) },
      },
    ],
  },
});
