import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DrawnFrame } from "../bindings/contract";
import { buildAnswer, type Frame } from "../backend/frame";
import { startPump } from "./pump";

function answer(frame: number): ArrayBuffer {
  return buildAnswer({
    stream: 1,
    frame,
    width: 2,
    height: 2,
    carrier: "tcp",
    capturedUs: 0n,
    receivedUs: 0n,
    drops: 0,
    jpeg: new Uint8Array([1]),
  });
}

/** A backend whose answers the test gives one by one. */
function simulated() {
  const asked: number[] = [];
  const reported: (DrawnFrame | null)[] = [];
  let give: ((bytes: ArrayBuffer) => void) | null = null;
  let fail: ((why: Error) => void) | null = null;
  return {
    asked,
    reported,
    next: (after: number, drawn: DrawnFrame | null) => {
      asked.push(after);
      reported.push(drawn);
      return new Promise<ArrayBuffer>((resolve, reject) => {
        give = resolve;
        fail = reject;
      });
    },
    async give(bytes: ArrayBuffer) {
      give?.(bytes);
      await vi.advanceTimersByTimeAsync(0);
    },
    async fail() {
      fail?.(new Error("away"));
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the pump", () => {
  it("keeps one request in flight and asks for what is newer than it has", async () => {
    const backend = simulated();
    const drawn: number[] = [];
    const pump = startPump({ next: backend.next, draw: async (frame) => drawn.push(frame.frame) });
    pump.setActive(true);
    pump.setActive(true);
    expect(backend.asked).toEqual([-1]);
    await backend.give(answer(5));
    expect(backend.asked).toEqual([-1, 5]);
    await backend.give(new ArrayBuffer(1));
    expect(backend.asked).toEqual([-1, 5, 5]);
    expect(drawn).toEqual([5]);
    pump.stop();
  });

  it("draws the newest frame only while drawing is slow", async () => {
    const backend = simulated();
    const drawn: number[] = [];
    const slow: (() => void)[] = [];
    const draw = (frame: Frame) =>
      new Promise<number>((resolve) => (drawn.push(frame.frame), slow.push(() => resolve(0))));
    const pump = startPump({ next: backend.next, draw });
    pump.setActive(true);
    for (const n of [1, 2, 3, 4]) await backend.give(answer(n));
    expect(drawn).toEqual([1]);
    slow[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(drawn).toEqual([1, 4]);
    pump.stop();
  });

  it("says with the next request how long ago the frame before it was decoded and drawn", async () => {
    const backend = simulated();
    const draw = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const decodedMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 2));
      return decodedMs;
    };
    const pump = startPump({ next: backend.next, draw });
    pump.setActive(true);
    await backend.give(answer(1));
    expect(backend.reported).toEqual([null, null]);
    await vi.advanceTimersByTimeAsync(7);
    const canvasMs = performance.now();
    await vi.advanceTimersByTimeAsync(33);
    await backend.give(answer(2));
    const drawn = backend.reported[2];
    expect(drawn?.frame).toBe(1);
    expect(drawn?.decodedAgoUs).toBe((performance.now() - canvasMs + 2) * 1000);
    // It is drawn when the window is painted, which is after it is on the canvas and before the next request.
    expect(drawn?.drawnAgoUs).toBeGreaterThan(0);
    expect(drawn?.drawnAgoUs).toBeLessThan(33_000);
    await backend.give(new ArrayBuffer(1));
    expect(backend.reported[3]).toBeNull();
    pump.stop();
  });

  it("does not call a frame drawn that was replaced before the window was painted", async () => {
    const backend = simulated();
    const pump = startPump({ next: backend.next, draw: async () => performance.now() });
    pump.setActive(true);
    await backend.give(answer(1));
    await backend.give(answer(2));
    await vi.advanceTimersByTimeAsync(40);
    await backend.give(answer(3));
    expect(backend.reported.map((drawn) => drawn?.frame)).toEqual([undefined, undefined, undefined, 2]);
    pump.stop();
  });

  it("asks for nothing while out of sight, and goes on where it was", async () => {
    const backend = simulated();
    const pump = startPump({ next: backend.next, draw: async () => 0 });
    pump.setActive(true);
    pump.setActive(false);
    await backend.give(answer(9));
    expect(backend.asked).toEqual([-1]);
    pump.setActive(true);
    expect(backend.asked).toEqual([-1, 9]);
    pump.stop();
  });

  it("goes on with the first picture of a stream that ended with the connection and came back", async () => {
    const backend = simulated();
    const drawn: number[] = [];
    const pump = startPump({ next: backend.next, draw: async (frame) => drawn.push(frame.frame) });
    pump.setActive(true);
    await backend.give(answer(900));
    await backend.give(new ArrayBuffer(0));
    expect(backend.asked).toEqual([-1, 900]);
    await vi.advanceTimersByTimeAsync(500);
    expect(backend.asked).toEqual([-1, 900, -1]);
    await backend.give(answer(3));
    expect(drawn).toEqual([900, 3]);
    pump.stop();
    await backend.give(new ArrayBuffer(0));
    await vi.advanceTimersByTimeAsync(5000);
    expect(backend.asked).toEqual([-1, 900, -1, 3]);
  });

  it("waits before it asks again after a failure, and leaves out what cannot be drawn", async () => {
    const backend = simulated();
    const errors = vi.fn();
    let refuse = true;
    const drawn: number[] = [];
    const pump = startPump({
      next: backend.next,
      draw: async (frame) => {
        if (refuse) throw new Error("not a picture");
        return drawn.push(frame.frame);
      },
      onError: errors,
    });
    pump.setActive(true);
    await backend.fail();
    expect(backend.asked).toEqual([-1]);
    await vi.advanceTimersByTimeAsync(500);
    expect(backend.asked).toEqual([-1, -1]);
    await backend.give(answer(1));
    refuse = false;
    await backend.give(answer(2));
    expect(drawn).toEqual([2]);
    expect(errors).toHaveBeenCalledTimes(2);
    pump.stop();
  });
});
