// What jsdom lacks and the interface asks for. Nothing here answers for the interface itself.
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

// Charts and tiles draw on canvases, which jsdom has none of: their drawing is tested in a real browser.
HTMLCanvasElement.prototype.getContext = (() => null) as never;
globalThis.Path2D ??= class {} as never;

afterEach(() => setLanguage("en"));
