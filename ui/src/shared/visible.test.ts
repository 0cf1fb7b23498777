import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { whileVisible } from "./visible";

let hidden = false;

beforeEach(() => {
  hidden = false;
  vi.useFakeTimers();
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it("asks every few seconds, only while the page is in sight, and at once when it comes back", () => {
  const ask = vi.fn(() => Promise.reject(new Error("no answer")));
  const stop = whileVisible(ask);
  expect(ask).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(ask).toHaveBeenCalledTimes(3);
  hidden = true;
  vi.advanceTimersByTime(60_000);
  expect(ask).toHaveBeenCalledTimes(3);
  hidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(ask).toHaveBeenCalledTimes(4);
  stop();
  vi.advanceTimersByTime(60_000);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(ask).toHaveBeenCalledTimes(4);
});
