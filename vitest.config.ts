import { defineConfig } from "vitest/config"

// Workspace packages resolve through their `exports` to src/*.ts: nothing has to be built before a test.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.real.test.ts"],
          sequence: { groupOrder: 0 }
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
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      }
    ]
  }
})
