import { defineConfig } from "vitest/config"

// Workspace packages resolve through their `exports` to src/*.ts: nothing has to be built before a test.
// Groups count from 1, because vitest puts a single-worker project of group 0 last of all.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "examples/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.real.test.ts"],
          // One module graph for all files of a worker: importing Effect anew for each costs more than the tests.
          isolate: false,
          maxWorkers: "100%",
          // A property that takes long on a busy machine has not failed.
          testTimeout: 60_000,
          sequence: { groupOrder: 1 }
        }
      },
      {
        test: {
          // They share one host: one file after another, and only when the unit tests have left the processor alone.
          name: "real",
          include: ["packages/*/test/**/*.real.test.ts"],
          exclude: ["**/node_modules/**"],
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      }
    ]
  }
})
