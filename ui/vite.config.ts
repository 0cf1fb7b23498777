import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// Modes: "production" is what the desktop shell embeds; "browser" is the same interface on the fake backend, for a plain
// browser and its tests. The fake backend is not part of the production build.
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), svelteTesting()],
  define: { __FAKE_BACKEND__: JSON.stringify(mode !== "production") },
  build: {
    outDir: mode === "browser" ? "dist-browser" : "dist",
    emptyOutDir: true,
    // The oldest engines the shell meets: WebKitGTK 2.44 and macOS 13 behave like Safari 16.4.
    target: ["safari16.4", "chrome111"],
    // The page's policy forbids data: scripts and inline code; everything stays in files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1", port: 5173, strictPort: true },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    // A limit and no measure: a busy computer builds a whole window slowly.
    testTimeout: 30_000,
  },
}));
