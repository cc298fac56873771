// The suite: what needs a server runs twice, on the embedded database and on PostgreSQL; the rest runs once.
import { defineConfig } from 'vitest/config';

const overHttp = ['http', 'examples', 'apps', 'mcp', 'resources'].map((folder) => `test/${folder}/**/*.test.ts`);
const base = { testTimeout: 60_000, hookTimeout: 120_000, pool: 'forks' as const };

export default defineConfig({
  test: {
    globalSetup: ['test/global-setup.ts'],
    maxWorkers: 2,
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      { test: { ...base, name: 'once', include: ['test/**/*.test.ts'], exclude: overHttp } },
      { test: { ...base, name: 'embedded', include: overHttp, env: { TEST_DATABASE_KIND: 'embedded' } } },
      { test: { ...base, name: 'postgres', include: overHttp, env: { TEST_DATABASE_KIND: 'postgres' } } },
    ],
  },
});
