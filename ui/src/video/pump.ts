import type { DrawnFrame } from "../bindings/contract";
import { parseAnswer, type Frame } from "../backend/frame";

/** How long to wait after a failed request, or where there is no stream, in milliseconds: long enough not to spin meanwhile. */
const RETRY_MS = 500;

export type Pump = {
  /** Asks while true; a tile out of sight asks for nothing. */
  setActive(on: boolean): void;
  stop(): void;
};

/**
 * Keeps one request for the newest frame in flight and hands each frame on. A new request leaves as soon as a frame is
 * here, before it is drawn, and drawing takes the newest frame only: a slow window skips frames and never queues them.
 * Each request says when the last frame was drawn, so that the report costs no call of its own.
 */
export function startPump(options: {
  next: (after: number, drawn: DrawnFrame | null) => Promise<ArrayBuffer>;
  /** Resolves when the frame is on its canvas with the time when its JPEG had been taken apart, by `performance.now()`. */
  draw: (frame: Frame) => Promise<number>;
  onError?: (thrown: unknown) => void;
}): Pump {
  let active = false;
  let stopped = false;
  let running = false;
  let after = -1;
  let waiting: Frame | null = null;
  let drawing = false;
  /** The frame on the canvas. */
  let onCanvas = -1;
  let drawn: { frame: number; decodedMs: number; drawnMs: number } | null = null;

  async function ask(): Promise<void> {
    if (running) return;
    running = true;
    try {
      while (active && !stopped) {
        const answer = await one();
        if (answer === "over") {
          // A lost connection ends every stream; one that comes back under its number may count its frames anew.
          after = -1;
          await pause();
        } else if (answer !== "nothing yet" && !stopped) {
          after = answer.frame;
          waiting = answer;
          void drawNewest();
        }
      }
    } finally {
      running = false;
    }
  }

  async function one(): Promise<ReturnType<typeof parseAnswer>> {
    try {
      return parseAnswer(await options.next(after, takeDrawn()));
    } catch (thrown) {
      options.onError?.(thrown);
      await pause();
      return "nothing yet";
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }

  async function drawNewest(): Promise<void> {
    if (drawing) return;
    drawing = true;
    try {
      while (waiting && !stopped) {
        const frame = waiting;
        waiting = null;
        // A picture that cannot be decoded is left out; the next one may be whole.
        await options.draw(frame).then(
          (decodedMs) => paint(frame.frame, decodedMs),
          (thrown: unknown) => options.onError?.(thrown),
        );
      }
    } finally {
      drawing = false;
    }
  }

  /** A frame is drawn when the window is painted with it; one that was replaced on the canvas before that was never seen. */
  function paint(frame: number, decodedMs: number): void {
    onCanvas = frame;
    requestAnimationFrame(() => {
      if (onCanvas === frame) drawn = { frame, decodedMs, drawnMs: performance.now() };
    });
  }

  function takeDrawn(): DrawnFrame | null {
    const taken = drawn;
    drawn = null;
    if (!taken) return null;
    const now = performance.now();
    const agoUs = (ms: number) => Math.max(0, Math.round((now - ms) * 1000));
    return { frame: taken.frame, decodedAgoUs: agoUs(taken.decodedMs), drawnAgoUs: agoUs(taken.drawnMs) };
  }

  return {
    setActive(on) {
      active = on;
      if (on) void ask();
    },
    stop() {
      stopped = true;
    },
  };
}
