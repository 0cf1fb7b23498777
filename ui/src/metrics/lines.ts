import type { LinkView, MetricPoint, Transport } from "../bindings/contract";

/** What a chart shows. */
export type Kind = "delay" | "rate";

/**
 * One line: one stream to one peer over one transport. A switch from TCP to UDP ends one line and begins another. `nth` counts
 * the lines of one transport, which share a colour: 0 is the first.
 */
export type Line = {
  key: string;
  stream: number;
  peer: number;
  transport: Transport;
  nth: number;
  low: (number | null)[];
  high: (number | null)[];
};

export type Marks = { atS: number; transport: Transport; kind: "drop" | "retransmit"; count: number }[];

/** A second of one line. */
export type Picked = { stream: number; peer: number; atMs: number };

/** A chart's data: seconds of Unix time, and for each line its value there (`null`: nothing was measured). */
export type Chart = { seconds: number[]; lines: Line[]; marks: Marks };

/**
 * Arranges points into lines.
 *
 * `delay`: ms, `low` is the ACK delay's p50 and `high` its p95. `rate`: Mbit/s of goodput, `high` is empty.
 */
export function arrange(points: MetricPoint[], kind: Kind, fromMs: number, toMs: number, stream: number | null): Chart {
  const seen = points.filter((p) => p.atMs >= fromMs && p.atMs <= toMs && (stream === null || p.stream === stream));
  const seconds = [...new Set(seen.map((p) => second(p)))].sort((a, b) => a - b);
  const column = new Map(seconds.map((s, i) => [s, i]));
  const lines = new Map<string, Line>();
  for (const point of seen) {
    const key = `${point.stream}:${point.peer}:${point.transport}`;
    let line = lines.get(key);
    if (!line) {
      const empty = () => new Array<number | null>(seconds.length).fill(null);
      line = {
        key,
        stream: point.stream,
        peer: point.peer,
        transport: point.transport,
        nth: 0,
        low: empty(),
        high: empty(),
      };
      lines.set(key, line);
    }
    const i = column.get(second(point)) ?? 0;
    line.low[i] = kind === "delay" ? scaled(point.ackP50Us, 1e3) : scaled(point.goodputBps, 1e6);
    if (kind === "delay") line.high[i] = scaled(point.ackP95Us, 1e3);
  }
  return {
    seconds,
    lines: counted(
      [...lines.values()].sort(
        (a, b) => a.stream - b.stream || a.peer - b.peer || a.transport.localeCompare(b.transport),
      ),
    ),
    marks: marksOf(seen),
  };
}

/** The same lines with their `nth`. */
function counted(lines: Line[]): Line[] {
  const seen: Record<Transport, number> = { tcp: 0, udp: 0 };
  return lines.map((line) => ({ ...line, nth: seen[line.transport]++ }));
}

/** Whether a line has to be named to be distinguished from another one: it shares its colour. */
export function isNamed(line: Line, lines: Line[]): boolean {
  return lines.some((other) => other !== line && other.transport === line.transport);
}

/** Whose stream a line is, and who watches it where that is another person than this window's. */
export function lineName(line: Line, names: Map<number, string>, links: LinkView[]): string {
  const name = names.get(line.stream) ?? "";
  const link = links.find(
    (other) => other.stream === line.stream && other.peer === line.peer && other.direction === "out",
  );
  return link ? `${name} → ${link.peerName}` : name;
}

/** Heights for labels that would stand at `wanted`: `step` apart, in the same order, between `top` and `bottom`. In pixels. */
export function apart(wanted: number[], step: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  let least = top;
  for (const i of order) least = (placed[i] = Math.max(wanted[i] ?? 0, least)) + step;
  let most = bottom;
  for (const i of order.reverse()) most = (placed[i] = Math.min(placed[i] ?? 0, most)) - step;
  return placed;
}

/**
 * The second of a chart that was pointed at: `heightOf` says how far a value lies from the pointer, and the line that has the
 * nearest one is meant. Null where no line has a value.
 */
export function pointedAt(
  chart: Chart,
  points: MetricPoint[],
  i: number,
  heightOf: (value: number) => number,
): Picked | null {
  const at = chart.seconds[i];
  let nearest: { line: Line; far: number } | null = null;
  for (const line of chart.lines) {
    for (const value of [line.low[i], line.high[i]]) {
      if (value === null || value === undefined) continue;
      const far = heightOf(value);
      if (nearest === null || far < nearest.far) nearest = { line, far };
    }
  }
  const meant = nearest?.line;
  const point =
    meant &&
    points.find(
      (p) => p.stream === meant.stream && p.peer === meant.peer && p.transport === meant.transport && second(p) === at,
    );
  return point ? { stream: point.stream, peer: point.peer, atMs: point.atMs } : null;
}

function second(point: MetricPoint): number {
  return Math.round(point.atMs / 1000);
}

function scaled(value: number | null, by: number): number | null {
  return value === null ? null : value / by;
}

function marksOf(points: MetricPoint[]): Marks {
  return points.flatMap((point) => {
    const at = { atS: second(point), transport: point.transport };
    const out: Marks = [];
    if (point.drops > 0) out.push({ ...at, kind: "drop", count: point.drops });
    if (point.retransmits > 0) out.push({ ...at, kind: "retransmit", count: point.retransmits });
    return out;
  });
}

/** The top of an axis: a round number that holds `max` and whose half is round, so that it does not jump with each point. */
export function niceTop(max: number): number {
  if (!(max > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10]) if (max <= step * power) return step * power;
  return 10 * power;
}

/** A time before now on the axis: `−1:30`, and `now` by the given word. */
export function agoLabel(secondsAgo: number, now: string): string {
  const s = Math.round(secondsAgo);
  if (s <= 0) return now;
  return `−${Math.floor(s / 60)}:${(s % 60).toString().padStart(2, "0")}`;
}
