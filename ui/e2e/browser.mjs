/**
 * The built interface on the simulated backend, in a real browser, under the policy that the desktop shell sets: whatever
 * that refuses, or any error in the page, fails the test that met it.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { preview } from "vite";

const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
].join("; ");

export const OUT = new URL("out/", import.meta.url).pathname;

export async function openBrowser() {
  mkdirSync(OUT, { recursive: true });
  const server = await preview({
    mode: "browser",
    build: { outDir: "dist-browser" },
    preview: { host: "127.0.0.1", port: 0, headers: { "Content-Security-Policy": POLICY } },
  });
  const { port } = server.httpServer.address();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // A container has no user namespaces for the browser's own sandbox; the pages are ours.
    args: ["--no-sandbox"],
  });
  const opened = {
    /** Opens the interface; `query` says how the simulated backend begins. */
    async page(query = "", { width = 1280, height = 800 } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: "light" });
      const page = await context.newPage();
      const errors = [];
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(`http://127.0.0.1:${port}/?${query}`);
      return { page, errors, close: () => context.close() };
    },
    /** Runs with a page of its own, and fails when the page met an error. */
    async using(query, run, size) {
      const { page, errors, close } = await opened.page(query, size);
      try {
        await run(page);
        assert.deepEqual(errors, []);
      } finally {
        await close();
      }
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => server.httpServer.close(resolve));
    },
  };
  return opened;
}

export const at = (testid) => `[data-testid="${testid}"]`;
