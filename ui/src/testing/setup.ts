// What jsdom lacks and the interface asks for. Nothing here answers for the interface itself.
import "@testing-library/jest-dom/vitest";
import { afterEach } from "vitest";
import { setLanguage } from "../shared/i18n/index.svelte";

class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoObserver as unknown as typeof ResizeObserver;

// uPlot asks for the pixel ratio's media query when it is loaded.
globalThis.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
})) as unknown as typeof matchMedia;

// Charts and tiles draw on canvases, which jsdom has none of: this one takes every stroke and keeps none. What they
// draw is looked at in a real browser.
const strokes: Record<string | symbol, unknown> = { measureText: () => ({ width: 10 }) };
const blind = new Proxy(strokes, { get: (target, name) => target[name] ?? (() => undefined) });
HTMLCanvasElement.prototype.getContext = (() => blind) as never;
HTMLCanvasElement.prototype.toBlob = (done) => done(null);
globalThis.Path2D ??= function () {
  return blind;
} as never;

afterEach(() => setLanguage("en"));
