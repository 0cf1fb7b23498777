import { parseAnswer, type Frame } from "../host/frame";

/** How long to wait after a failed request, in milliseconds: long enough not to spin while the backend is away. */
const RETRY_MS = 500;

export type Pump = {
  /** Asks while true; a tile out of sight asks for nothing. */
  setActive(on: boolean): void;
  stop(): void;
};

/**
 * Keeps one request for the newest frame in flight and hands each frame on. A new request leaves as soon as a frame is
 * here, before it is drawn, and drawing takes the newest frame only: a slow window skips frames and never queues them.
 */
export function startPump(options: {
  next: (after: number) => Promise<ArrayBuffer>;
  draw: (frame: Frame) => Promise<void>;
  onOver?: () => void;
  onError?: (thrown: unknown) => void;
}): Pump {
  let active = false;
  let stopped = false;
  let running = false;
  let after = -1;
  let waiting: Frame | null = null;
  let drawing = false;

  async function ask(): Promise<void> {
    if (running) return;
    running = true;
    try {
      while (active && !stopped) {
        const answer = await one();
        if (answer === "over") {
          stopped = true;
          options.onOver?.();
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
      return parseAnswer(await options.next(after));
    } catch (thrown) {
      options.onError?.(thrown);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      return "nothing yet";
    }
  }

  async function drawNewest(): Promise<void> {
    if (drawing) return;
    drawing = true;
    try {
      while (waiting && !stopped) {
        const frame = waiting;
        waiting = null;
        // A picture that cannot be decoded is left out; the next one may be whole.
        await options.draw(frame).catch((thrown: unknown) => options.onError?.(thrown));
      }
    } finally {
      drawing = false;
    }
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
