/**
 * Which streams are looked at. What is not in sight is not asked for: a picture that nobody sees costs its sender, the network and
 * this computer as much as one that is seen.
 */

/** How long a stream may be out of sight before it is no longer watched, in milliseconds: scrolling past it is no reason. */
export const LEAVES_AFTER_MS = 3000;

type Seen = { places: number; timer: ReturnType<typeof setTimeout> | null; watched: boolean };

export class Sight {
  private readonly streams = new Map<number, Seen>();

  /** `watch` asks for a stream, or no longer. */
  constructor(private readonly watch: (stream: number, on: boolean) => void) {}

  /** A stream is shown in one more place, and is in sight there or not as `report` says, until `gone`. */
  place(stream: number): { report: (inSight: boolean) => void; gone: () => void } {
    let inSight = false;
    this.change(stream, 0);
    const report = (now: boolean) => {
      if (now !== inSight) this.change(stream, now ? 1 : -1);
      inSight = now;
    };
    return { report, gone: () => report(false) };
  }

  /** Forgets a stream that is over. */
  forget(stream: number): void {
    clearTimeout(this.streams.get(stream)?.timer ?? undefined);
    this.streams.delete(stream);
  }

  /** Whether a stream is in sight, or was a moment ago. */
  isLookedAt(stream: number): boolean {
    return this.streams.get(stream)?.watched ?? false;
  }

  private change(stream: number, by: number): void {
    // Whoever joins watches everything at first.
    const seen = this.streams.get(stream) ?? { places: 0, timer: null, watched: true };
    this.streams.set(stream, seen);
    seen.places += by;
    if (seen.places > 0) {
      if (seen.timer !== null) clearTimeout(seen.timer);
      seen.timer = null;
      if (!seen.watched) this.settle(stream, seen, true);
    } else {
      seen.timer ??= setTimeout(() => {
        seen.timer = null;
        this.settle(stream, seen, false);
      }, LEAVES_AFTER_MS);
    }
  }

  private settle(stream: number, seen: Seen, on: boolean): void {
    seen.watched = on;
    this.watch(stream, on);
  }
}
