import type { LinkView, Transport, TripView } from "../bindings/contract";

/** Where a frame's trip is looked at: a stream that goes to a peer, or (`to` null) as this window shows it. */
export type Place = { stream: number; to: number | null };

/** A place as it can be chosen. `mine`: the stream is this window's person's. */
export type PlaceOption = Place & { key: string; label: string; mine: boolean; transport: Transport | null };

/**
 * Where frames can be looked at, of all streams or of one: the streams of others as they come here first, then each link on
 * which this computer sends, then my own as this window shows it.
 */
export function placesOf(
  links: LinkView[],
  names: Map<number, string>,
  mine: Set<number>,
  only: number | null,
  here: (name: string) => string,
): PlaceOption[] {
  const streams = [...names].filter(([stream]) => only === null || stream === only);
  const places = streams.flatMap(([stream, name]): (PlaceOption & { order: number })[] => {
    const own = mine.has(stream);
    const inbound = links.find((link) => link.stream === stream && link.direction === "in");
    const outgoing = links.filter((link) => link.stream === stream && link.direction === "out");
    return [
      {
        stream,
        to: null,
        key: `${stream}:`,
        label: here(name),
        mine: own,
        transport: inbound?.transport ?? null,
        order: own ? 2 : 0,
      },
      ...outgoing.map((link) => ({
        stream,
        to: link.peer,
        key: `${stream}:${link.peer}`,
        label: `${name} → ${link.peerName}`,
        mine: own,
        transport: link.transport,
        order: 1,
      })),
    ];
  });
  return places.sort((a, b) => a.order - b.order).map(({ order: _, ...place }) => place);
}

export type Moment =
  "captured" | "encoded" | "queued" | "firstOut" | "lastOut" | "received" | "acked" | "decoded" | "drawn";

/** A line of the waterfall. Times are in microseconds after the first moment that is known; `null` is unknown. */
export type Row = {
  moment: Moment;
  fromUs: number | null;
  atUs: number | null;
  tookUs: number | null;
  from: Moment | null;
};

type Segment = { moment: Moment; pick: (trip: TripView) => number | null; from: Moment[] };

/** In the order in which a frame meets them; each segment begins where the first known one of `from` ended. */
const SEGMENTS: Segment[] = [
  { moment: "captured", pick: (t) => t.capturedUs, from: [] },
  { moment: "encoded", pick: (t) => t.encodedUs, from: ["captured"] },
  { moment: "queued", pick: (t) => t.queuedUs, from: ["encoded"] },
  { moment: "firstOut", pick: (t) => t.firstOutUs, from: ["queued", "encoded"] },
  { moment: "lastOut", pick: (t) => t.lastOutUs, from: ["firstOut"] },
  { moment: "received", pick: (t) => t.receivedUs, from: ["lastOut", "encoded"] },
  { moment: "acked", pick: (t) => t.ackedUs, from: ["received", "lastOut"] },
  { moment: "decoded", pick: (t) => t.decodedUs, from: ["received"] },
  { moment: "drawn", pick: (t) => t.drawnUs, from: ["decoded"] },
];
const PICK = new Map(SEGMENTS.map((segment) => [segment.moment, segment.pick]));

/**
 * The waterfall of one frame, or of several: then each segment is its median over the frames that have it, and the segments follow
 * each other.
 */
export function waterfall(trips: TripView[]): Row[] {
  const at = new Map<Moment, number>();
  return SEGMENTS.map(({ moment, pick, from: begins }) => {
    const known = trips.some((trip) => pick(trip) !== null);
    // The first moment that is known is where the trip begins, as far as it is known.
    if (known && at.size === 0) {
      at.set(moment, 0);
      return { moment, fromUs: null, atUs: 0, tookUs: null, from: null };
    }
    const from = begins.find((other) => at.has(other)) ?? null;
    const tookUs = from === null ? null : median(spans(trips, from, moment));
    const fromUs = from === null ? null : (at.get(from) ?? null);
    if (tookUs === null || fromUs === null) return { moment, fromUs: null, atUs: null, tookUs: null, from: null };
    at.set(moment, fromUs + tookUs);
    return { moment, fromUs, atUs: fromUs + tookUs, tookUs, from };
  });
}

/** How long it took from one moment to the other, of the frames that know both, sorted. */
export function spans(trips: TripView[], from: Moment, to: Moment): number[] {
  const [begin, end] = [PICK.get(from), PICK.get(to)];
  return trips
    .flatMap((trip) => {
      const [a, b] = [begin?.(trip) ?? null, end?.(trip) ?? null];
      // Two clocks may seem to run a frame backwards by what is not known of their relation.
      return a === null || b === null ? [] : [Math.max(0, b - a)];
    })
    .sort((a, b) => a - b);
}

/** The value of which `percent` % of `sorted` are no greater: one that was measured (nearest rank). */
export function percentile(sorted: number[], percent: number): number | null {
  return sorted[Math.max(1, Math.ceil((sorted.length * percent) / 100)) - 1] ?? null;
}

const median = (sorted: number[]) => percentile(sorted, 50);

/** How wrong moments of another computer's clock may be, at the worst of these frames. */
export function clockErrorUs(trips: TripView[]): number | null {
  return trips.reduce<number | null>(
    (worst, { clockErrorUs }) => (clockErrorUs === null ? worst : Math.max(worst ?? 0, clockErrorUs)),
    null,
  );
}

/** The frame of the second that ended at `atMs` that took longest, as an index; -1 when none is known any more. */
export function slowestOf(trips: TripView[], atMs: number): number {
  let best = -1;
  let longest = -1;
  trips.forEach((trip, i) => {
    if (trip.atMs > atMs || trip.atMs <= atMs - 1000) return;
    const took = wholeTrip(trip);
    if (took > longest) [best, longest] = [i, took];
  });
  return best;
}

/** From the first moment of a frame that is known to the last. */
export function wholeTrip(trip: TripView): number {
  const known = SEGMENTS.flatMap(({ pick }) => pick(trip) ?? []);
  return known.length === 0 ? 0 : Math.max(...known) - Math.min(...known);
}

/** The marks of an axis that holds `us` microseconds: at most six steps of a round length. */
export function axis(us: number): { topUs: number; marksUs: number[] } {
  const least = Math.max(us, 1) / 6;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least * 0.9999) ?? power * 10;
  const steps = Math.max(1, Math.ceil((us / step) * 0.9999));
  return { topUs: step * steps, marksUs: Array.from({ length: steps + 1 }, (_, i) => i * step) };
}
