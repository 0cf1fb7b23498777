/**
 * Which streams are looked at. What is not in sight is not asked for: a picture that nobody sees costs its sender, the network and
 * this computer as much as one that is seen.
 */

/** How long a stream may be out of sight before it is no longer watched, in milliseconds: scrolling past it is no reason. */
export const LEAVES_AFTER_MS = 3000;

type Seen = { places: number; timer: ReturnType<typeof setTimeout> | undefined; watched: boolean; over: boolean };

export class Sight {
  private readonly streams = new Map<number, Seen>();

  /** `watch` asks for a stream, or no longer. */
  constructor(private readonly watch: (stream: number, on: boolean) => void) {}

  /** A stream is shown in one more place, and is in sight there or not as `report` says, until `gone`. */
  place(stream: number): { report: (inSight: boolean) => void; gone: () => void } {
    // A viewer watches everything at first.
    const seen = this.streams.get(stream) ?? { places: 0, timer: undefined, watched: true, over: false };
    this.streams.set(stream, seen);
    this.settle(stream, seen);
    let inSight = false;
    const report = (now: boolean) => {
      if (now === inSight) return;
      inSight = now;
      seen.places += now ? 1 : -1;
      this.settle(stream, seen);
    };
    return { report, gone: () => report(false) };
  }

  /** Forgets the streams that are over: all but these. */
  keepOnly(streams: readonly number[]): void {
    for (const [stream, seen] of this.streams) {
      if (streams.includes(stream)) continue;
      seen.over = true;
      clearTimeout(seen.timer);
      this.streams.delete(stream);
    }
  }

  /** Whether a stream is in sight, or was a moment ago; one that was never shown counts as looked at. */
  isLookedAt(stream: number): boolean {
    return this.streams.get(stream)?.watched ?? true;
  }

  private settle(stream: number, seen: Seen): void {
    if (seen.over) return;
    if (seen.places > 0) {
      clearTimeout(seen.timer);
      seen.timer = undefined;
      this.ask(stream, seen, true);
    } else {
      seen.timer ??= setTimeout(() => {
        seen.timer = undefined;
        this.ask(stream, seen, false);
      }, LEAVES_AFTER_MS);
    }
  }

  private ask(stream: number, seen: Seen, on: boolean): void {
    if (seen.watched === on) return;
    seen.watched = on;
    this.watch(stream, on);
  }
}
