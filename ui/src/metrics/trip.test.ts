import { describe, expect, it } from "vitest";
import type { TripView } from "../bindings/contract";
import { createFakeBackend } from "../backend/fake";
import { linkView } from "../testing/links";
import { metricsApi } from "./api";
import { axis, clockErrorUs, percentile, placesOf, slowestOf, spans, waterfall, type Moment } from "./trip";
import { TripStore } from "./trips.svelte";

const T0 = 1_700_000_000_000;

function trip(more: Partial<TripView> = {}): TripView {
  return {
    frame: 1,
    bytes: 60_000,
    atMs: T0,
    capturedUs: 0,
    encodedUs: 3840,
    queuedUs: 3900,
    firstOutUs: 9120,
    lastOutUs: 13_650,
    receivedUs: 41_880,
    ackedUs: 44_600,
    decodedUs: null,
    drawnUs: null,
    clockErrorUs: 200,
    ...more,
  };
}

const seen = { queuedUs: null, firstOutUs: null, lastOutUs: null, ackedUs: null, decodedUs: 45_300, drawnUs: 52_700 };
const row = (rows: ReturnType<typeof waterfall>, moment: Moment) => rows.find((r) => r.moment === moment);

describe("a waterfall", () => {
  it("has each segment begin where the one before it ended", () => {
    const rows = waterfall([trip()]);
    expect(rows.map((r) => r.tookUs)).toEqual([null, 3840, 60, 5220, 4530, 28_230, 2720, null, null]);
    expect(rows.map((r) => r.atUs)).toEqual([0, 3840, 3900, 9120, 13_650, 41_880, 44_600, null, null]);
  });

  it("leaves unknown what nobody here knows, and says where a longer segment begins", () => {
    const rows = waterfall([trip(seen)]);
    expect(row(rows, "lastOut")).toMatchObject({ atUs: null, tookUs: null });
    expect(row(rows, "received")).toMatchObject({ from: "encoded", fromUs: 3840, tookUs: 38_040 });
    expect(row(rows, "drawn")).toMatchObject({ atUs: 52_700, tookUs: 7400 });
  });

  it("begins with the first moment that is known where the clocks are not compared", () => {
    const rows = waterfall([
      trip({ ...seen, capturedUs: null, encodedUs: null, receivedUs: 0, decodedUs: 3000, drawnUs: 9000 }),
    ]);
    expect(rows.map((r) => r.atUs)).toEqual([null, null, null, null, null, 0, null, 3000, 9000]);
  });

  it("of several frames is made of each segment's median over those that have it", () => {
    const rows = waterfall([
      trip({ encodedUs: 1000, receivedUs: 11_000, ...seen, decodedUs: 12_000, drawnUs: 15_000 }),
      trip({ ...seen, encodedUs: 3000, receivedUs: 23_000, decodedUs: null, drawnUs: null }),
      trip({ ...seen, encodedUs: 9000, receivedUs: 39_000, decodedUs: 42_000, drawnUs: 49_000 }),
    ]);
    expect(rows.map((r) => r.tookUs)).toEqual([null, 3000, null, null, null, 20_000, null, 1000, 3000]);
    expect(row(rows, "drawn")?.atUs).toBe(27_000);
  });

  it("does not run backwards by what the clocks' relation is wrong by", () => {
    const rows = waterfall([trip({ receivedUs: 13_600 })]);
    expect(row(rows, "received")).toMatchObject({ tookUs: 0, atUs: 13_650 });
    expect(spans([trip({ receivedUs: -5 })], "captured", "received")).toEqual([0]);
  });

  it("of nothing is unknown throughout", () => {
    expect(waterfall([]).every((r) => r.atUs === null && r.tookUs === null)).toBe(true);
    expect([percentile([], 50), clockErrorUs([]), clockErrorUs([trip(), trip({ clockErrorUs: 900 })])]).toEqual([
      null,
      null,
      900,
    ]);
  });

  it("stands on an axis with round marks that holds it", () => {
    expect(axis(52_700)).toEqual({ topUs: 60_000, marksUs: [0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000] });
    expect(axis(60_000).topUs).toBe(60_000);
    expect(axis(880).marksUs).toEqual([0, 200, 400, 600, 800, 1000]);
  });
});

describe("the frame of a second", () => {
  it("is its slowest, and none once the frames of that second are gone", () => {
    const trips = [
      trip({ atMs: T0 - 1000, ackedUs: 99_000 }),
      trip({ atMs: T0 - 999 }),
      trip({ atMs: T0 - 400, ackedUs: 51_000 }),
      trip({ atMs: T0 + 1, ackedUs: 99_000 }),
    ];
    expect(slowestOf(trips, T0)).toBe(2);
    expect(slowestOf(trips, T0 - 5000)).toBe(-1);
  });

  it("is looked at until it is let go of, with the frames before and after it a step away", async () => {
    const now = Date.now();
    const backend = createFakeBackend({ delayMs: 0, alive: false, scene: "busy" });
    const store = new TripStore(metricsApi(backend));
    const place = { stream: 10, to: null };
    await store.pinAt(place, now - 2000);
    const chosen = store.frame;
    expect(chosen?.atMs).toBeGreaterThan(now - 3000);
    expect(chosen?.atMs).toBeLessThanOrEqual(now - 2000);
    store.step(1);
    expect(store.frame?.frame).toBe((chosen?.frame ?? 0) + 1);
    store.step(-1);
    expect(store.frame).toEqual(chosen);
    await store.pinAt(place, now - 600_000);
    expect([store.frame, store.tooOld]).toEqual([null, true]);
    store.step(-1);
    expect(store.frame?.frame).toBe(store.trips.at(-1)?.frame);
    expect(store.tooOld).toBe(false);
    store.choose({ stream: 11, to: null });
    expect([store.frame, store.trips.length]).toEqual([null, 0]);
  });

  it("is of the place that is looked at, whichever answer comes last", async () => {
    const answers: ((trips: TripView[]) => void)[] = [];
    const api = {
      ...metricsApi(createFakeBackend()),
      trips: () => new Promise<TripView[]>((resolve) => answers.push(resolve)),
    };
    const store = new TripStore(api);
    const [first, second] = [store.refresh({ stream: 1, to: null }), store.refresh({ stream: 2, to: null })];
    answers[1]?.([trip({ frame: 22 })]);
    answers[0]?.([trip({ frame: 11 })]);
    await Promise.all([first, second]);
    expect(store.trips.map((t) => t.frame)).toEqual([22]);
  });
});

it("places are the streams of others first, then the directions out, then my own picture", () => {
  const links = [
    linkView({ stream: 1, peer: 3, peerName: "Ada" }),
    linkView({ stream: 2, peer: 4, direction: "in", transport: "udp" }),
    linkView({ stream: 2, peer: 3, peerName: "Ada" }),
  ];
  const names = new Map([
    [1, "You"],
    [2, "Ben"],
  ]);
  const places = placesOf(links, names, new Set([1]), null, (name) => `${name} → here`);
  expect(places.map((p) => [p.label, p.to, p.transport])).toEqual([
    ["Ben → here", null, "udp"],
    ["You → Ada", 3, "tcp"],
    ["Ben → Ada", 3, "tcp"],
    ["You → here", null, null],
  ]);
  expect(placesOf(links, names, new Set([1]), 1, (name) => name).map((p) => p.stream)).toEqual([1, 1]);
});
