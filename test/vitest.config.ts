/** Two suites: `fast` needs nothing but Node; `real` runs against the embedded stack, one file at a time. */
import { defineConfig } from 'vitest/config';

const REAL = ['test/integration/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/browser/**/*.test.ts'];

// biome-ignore lint/style/noDefaultExport: the test runner loads its configuration by the default export.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: REAL,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'real',
          include: REAL,
          globalSetup: ['test/support/real-stack.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
