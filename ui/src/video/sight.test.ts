import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LEAVES_AFTER_MS, Sight } from "./sight";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function sight() {
  const asked: [number, boolean][] = [];
  return { asked, sight: new Sight((stream, on) => asked.push([stream, on])) };
}

describe("a stream", () => {
  it("is let go of a moment after it went out of sight, and asked for at once when it is back", () => {
    const { asked, sight: streams } = sight();
    const place = streams.place(7);
    place.report(true);
    vi.advanceTimersByTime(LEAVES_AFTER_MS * 2);
    place.report(false);
    vi.advanceTimersByTime(LEAVES_AFTER_MS - 1);
    expect(asked).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(asked).toEqual([[7, false]]);
    place.report(true);
    expect(asked).toEqual([
      [7, false],
      [7, true],
    ]);
  });

  it("that is scrolled past stays", () => {
    const { asked, sight: streams } = sight();
    const place = streams.place(7);
    for (const there of [true, false, true]) {
      place.report(there);
      vi.advanceTimersByTime(LEAVES_AFTER_MS - 1);
    }
    vi.advanceTimersByTime(LEAVES_AFTER_MS * 2);
    expect(asked).toEqual([]);
  });

  it("that never came into sight is let go of", () => {
    const { asked, sight: streams } = sight();
    streams.place(7);
    vi.advanceTimersByTime(LEAVES_AFTER_MS);
    expect(asked).toEqual([[7, false]]);
  });

  it("in two places is looked at while one of them is in sight", () => {
    const { asked, sight: streams } = sight();
    const [tile, thumb] = [streams.place(7), streams.place(7)];
    tile.report(true);
    thumb.report(true);
    tile.gone();
    vi.advanceTimersByTime(LEAVES_AFTER_MS * 2);
    expect(asked).toEqual([]);
    thumb.gone();
    vi.advanceTimersByTime(LEAVES_AFTER_MS);
    expect(asked).toEqual([[7, false]]);
  });

  it("that is over is asked for no more, and another of its number begins anew", () => {
    const { asked, sight: streams } = sight();
    const before = streams.place(7);
    before.report(true);
    streams.keepOnly([8]);
    const after = streams.place(7);
    after.report(true);
    before.gone();
    vi.advanceTimersByTime(LEAVES_AFTER_MS * 2);
    expect(asked).toEqual([]);
    after.gone();
    vi.advanceTimersByTime(LEAVES_AFTER_MS);
    expect(asked).toEqual([[7, false]]);
  });
});
