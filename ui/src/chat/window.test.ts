import { describe, expect, it } from "vitest";
import { MOST, newer, newest, older, STEP } from "./window";

describe("the part of a conversation in the page", () => {
  it("begins at the end", () => {
    expect(newest(10_000)).toEqual({ start: 10_000 - 2 * STEP, end: 10_000 });
    expect(newest(3)).toEqual({ start: 0, end: 3 });
  });

  it("reaches both ends step by step and never grows beyond its limit", () => {
    let range = newest(10_000);
    let steps = 0;
    while (range.start > 0) {
      const before = range;
      range = older(range);
      expect(range.end - range.start).toBeLessThanOrEqual(MOST);
      expect(range.end).toBeGreaterThan(before.start); // what was in sight stays
      steps += 1;
    }
    expect(steps).toBe(Math.ceil((10_000 - 2 * STEP) / STEP));
    while (range.end < 10_000) {
      range = newer(range, 10_000);
      expect(range.end - range.start).toBeLessThanOrEqual(MOST);
    }
    expect(range.end).toBe(10_000);
  });
});
