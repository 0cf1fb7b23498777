import { describe, expect, it } from "vitest";
import type { MetricPoint } from "../bindings/contract";
import { createFakeBackend } from "../backend/fake";
import { linkView } from "../testing/links";
import { metricsApi } from "./api";
import { agoLabel, apart, arrange, isNamed, lineName, niceTop } from "./lines";
import { KEPT_MS, MetricsStore } from "./store.svelte";

const T0 = 1_700_000_000_000;

function point(s: number, more: Partial<MetricPoint> = {}): MetricPoint {
  return {
    atMs: T0 + s * 1000,
    stream: 1,
    peer: 0,
    transport: "tcp",
    ackP50Us: 5000,
    ackP95Us: 9000,
    goodputBps: 4e6,
    framesPerS: 30,
    drops: 0,
    retransmits: 0,
    ...more,
  };
}

const store = () => new MetricsStore(metricsApi(createFakeBackend({ delayMs: 0, alive: false })));

describe("lines", () => {
  it("end where TCP was switched to UDP, and begin anew", () => {
    const points = [point(0), point(1), point(2, { transport: "udp", ackP50Us: 3000 }), point(3, { transport: "udp" })];
    const chart = arrange(points, "delay", T0, T0 + 5000, null);
    expect(chart.lines.map((line) => [line.transport, line.low])).toEqual([
      ["tcp", [5, 5, null, null]],
      ["udp", [null, null, 3, 5]],
    ]);
    expect(chart.lines[0]?.high).toEqual([9, 9, null, null]);
  });

  it("hold only the time and the stream that is looked at", () => {
    const points = [point(0), point(10), point(10, { stream: 2 })];
    const chart = arrange(points, "rate", T0 + 5000, T0 + 20_000, 1);
    expect(chart.seconds).toEqual([T0 / 1000 + 10]);
    expect(chart.lines).toHaveLength(1);
    expect(chart.lines[0]?.low).toEqual([4]);
  });

  it("leave unknown what was not measured", () => {
    expect(arrange([point(0, { ackP50Us: null })], "delay", T0, T0 + 1, null).lines[0]?.low).toEqual([null]);
  });

  it("of one transport are distinguished by their receivers, in every order of arrival", () => {
    const names = new Map([
      [1, "You"],
      [2, "Ada"],
    ]);
    const links = [
      linkView({ peer: 4, peerName: "Ben" }),
      linkView({ peer: 5, peerName: "Mia" }),
      linkView({ stream: 2, direction: "in", transport: "udp" }),
    ];
    for (const peers of [
      [4, 5],
      [5, 4],
    ]) {
      const { lines } = arrange(
        [...peers.map((peer) => point(0, { peer })), point(0, { stream: 2, transport: "udp" })],
        "delay",
        T0,
        T0 + 1,
        null,
      );
      expect(lines.map((line) => [lineName(line, names, links), line.nth, isNamed(line, lines)])).toEqual([
        ["You → Ben", 0, true],
        ["You → Mia", 1, true],
        ["Ada", 0, false],
      ]);
    }
  });

  it("have names that do not lie on each other", () => {
    expect(apart([50, 52, 20], 11, 0, 100)).toEqual([50, 61, 20]);
    expect(apart([99, 98, 97], 11, 0, 100)).toEqual([100, 89, 78]);
    expect(apart([-5, 0], 11, 0, 100)).toEqual([0, 11]);
  });

  it("carry drops and retransmissions as marks", () => {
    const chart = arrange([point(0, { drops: 2, retransmits: 1 })], "delay", T0, T0 + 1, null);
    expect(chart.marks.map((mark) => [mark.kind, mark.count])).toEqual([
      ["drop", 2],
      ["retransmit", 1],
    ]);
  });
});

describe("axes", () => {
  it("have a round top that holds the highest value", () => {
    const tops = [
      [0, 1],
      [0.3, 0.3],
      [1, 1],
      [1.1, 1.2],
      [45, 60],
      [99, 100],
      [100, 100],
      [101, 120],
    ] as const;
    for (const [max, top] of tops) expect(niceTop(max), String(max)).toBeCloseTo(top, 9);
  });

  it("count back from now", () => {
    expect([120, 90, 5, 0].map((s) => agoLabel(s, "now"))).toEqual(["−2:00", "−1:30", "−0:05", "now"]);
  });
});

describe("figures", () => {
  it("keep what TCP did after the switch to UDP, and say that it is over", () => {
    const metrics = store();
    metrics.apply({ kind: "points", points: [point(0)], links: [linkView()], conditioned: null });
    metrics.apply({
      kind: "points",
      points: [point(1, { transport: "udp" })],
      links: [linkView({ transport: "udp", ackP50Us: 3000 })],
      conditioned: null,
    });
    expect(metrics.column("tcp")).toMatchObject({ current: false, atMs: T0, link: { ackP50Us: 5000 } });
    expect(metrics.column("udp")).toMatchObject({ current: true, link: { ackP50Us: 3000 } });
    expect(metrics.ackP50Us()).toBe(3000);
  });

  it("show the slowest of several links, as it is", () => {
    const metrics = store();
    metrics.apply({
      kind: "points",
      points: [point(0)],
      links: [
        linkView(),
        linkView({ peer: 3, ackP95Us: 20_000, ackP50Us: 4000 }),
        linkView({ peer: 4, ackP95Us: null, ackP50Us: null }),
      ],
      conditioned: null,
    });
    expect(metrics.column("tcp")).toMatchObject({ of: 3, link: { peer: 3, ackP50Us: 4000 } });
    expect(metrics.ackP50Us()).toBe(5000);
  });

  it("are those of the chosen stream", () => {
    const metrics = store();
    metrics.apply({
      kind: "points",
      points: [point(0)],
      links: [linkView(), linkView({ stream: 2, transport: "udp" })],
      conditioned: null,
    });
    metrics.stream = 2;
    expect(metrics.column("tcp")).toBeNull();
    expect(metrics.column("udp")?.link.stream).toBe(2);
  });

  it("go back ten minutes and no further", () => {
    const metrics = store();
    for (let s = 0; s <= 700; s += 1)
      metrics.apply({ kind: "points", points: [point(s)], links: [], conditioned: null });
    expect(metrics.points[0]?.atMs).toBe(T0 + 700_000 - KEPT_MS);
    expect(metrics.points).toHaveLength(KEPT_MS / 1000 + 1);
  });

  it("say nothing where nothing is known", () => {
    const metrics = store();
    expect(metrics.ackP50Us()).toBeNull();
    expect(metrics.column("tcp")).toBeNull();
    expect(metrics.linkOf(1)).toBeNull();
  });
});
