import type {
  CountsView,
  ExportFormat,
  IpcError,
  LinkView,
  LogEntryView,
  MetricPoint,
  MetricsEvent,
  MetricsHistory,
  Transport,
} from "../bindings/contract";
import { asIpcError } from "../backend/types";
import type { Part } from "../shared/part";
import type { MetricsApi } from "./api";
import { Experiments } from "./experiments.svelte";
import { TripStore } from "./trips.svelte";

/** How much is stored for the charts, in milliseconds. */
export const KEPT_MS = 600_000;
/** How many entries of the log are stored. */
const KEPT_ENTRIES = 500;

/** A link with the time of its last figures: after TCP was switched to UDP, what TCP did stays to compare. */
export type Seen = { link: LinkView; atMs: number; current: boolean };

export class MetricsStore implements Part {
  points = $state.raw<MetricPoint[]>([]);
  log = $state.raw<LogEntryView[]>([]);
  seen = $state.raw<Map<string, Seen>>(new Map());
  /** The time of the newest points, Unix ms; the right edge of the charts. */
  nowMs = $state(0);
  /** Which stream the figures are about; null: all. */
  stream = $state<number | null>(null);
  error = $state.raw<IpcError | null>(null);
  readonly trips: TripStore;
  readonly experiments: Experiments;

  /** All links with figures in the charts. */
  lately = $derived([...this.seen.values()].map((seen) => seen.link));
  links = $derived([...this.seen.values()].filter((seen) => seen.current).map((seen) => seen.link));

  /** An entry was written into the event log. */
  onLogged: ((entry: LogEntryView) => void) | null = null;

  constructor(private readonly api: MetricsApi) {
    this.trips = new TripStore(api);
    this.experiments = new Experiments(api);
  }

  listen(pass: (apply: () => void) => void): Promise<unknown> {
    return this.api.onEvent((event) => pass(() => this.apply(event)));
  }

  async load(): Promise<void> {
    try {
      this.reset(await this.api.history());
    } catch (thrown) {
      this.error = asIpcError(thrown);
    }
  }

  reset(history: MetricsHistory): void {
    this.points = history.points;
    this.log = history.log.slice(-KEPT_ENTRIES);
    this.nowMs = history.points.at(-1)?.atMs ?? Date.now();
    this.seen = new Map(history.links.map((link) => [keyOf(link), { link, atMs: this.nowMs, current: true }]));
    this.experiments.reset(history);
  }

  clear(): void {
    this.reset({ points: [], links: [], log: [], conditions: null, comparison: null });
    this.stream = null;
    this.error = null;
    this.trips.clear();
  }

  apply(event: MetricsEvent): void {
    if (event.kind === "logged") {
      this.log = [...this.log, event.entry].slice(-KEPT_ENTRIES);
      this.onLogged?.(event.entry);
      return;
    }
    this.experiments.apply(event);
    if (event.kind !== "points") return;
    this.nowMs = event.points.at(-1)?.atMs ?? Date.now();
    const from = this.nowMs - KEPT_MS;
    const first = this.points.findIndex((point) => point.atMs >= from);
    this.points = [...(first > 0 ? this.points.slice(first) : this.points), ...event.points];
    const seen = new Map<string, Seen>();
    for (const [key, old] of this.seen) if (old.atMs >= from) seen.set(key, { ...old, current: false });
    for (const link of event.links) seen.set(keyOf(link), { link, atMs: this.nowMs, current: true });
    this.seen = seen;
  }

  /**
   * The link that stands for a transport in the table: of the streams looked at, the current one that is slowest (by ACK
   * delay p95), else the one that ended last. A real link and not a mean, so that its figures belong together.
   */
  column(transport: Transport): (Seen & { of: number }) | null {
    const all = [...this.seen.values()].filter(
      ({ link }) => link.transport === transport && (this.stream === null || link.stream === this.stream),
    );
    const current = all.filter((seen) => seen.current);
    const pick = current.length > 0 ? current.reduce(slower) : all.length > 0 ? all.reduce(later) : null;
    return pick && { ...pick, of: Math.max(1, current.length) };
  }

  /** The slowest current link's ACK delay p50 in microseconds: what the top bar says. */
  ackP50Us(): number | null {
    const known = this.links.filter((link) => link.ackP50Us !== null);
    return known.length > 0 ? known.reduce((a, b) => ((b.ackP50Us ?? 0) > (a.ackP50Us ?? 0) ? b : a)).ackP50Us : null;
  }

  /** The link on which a stream comes in, or the slowest on which mine goes out. */
  linkOf(stream: number): LinkView | null {
    const links = [...this.seen.values()].filter((seen) => seen.current && seen.link.stream === stream);
    return links.length > 0 ? links.reduce(slower).link : null;
  }

  counts(): Promise<CountsView[]> {
    return this.api.counts();
  }

  exportResults(format: ExportFormat): Promise<string | null> {
    return this.api.exportResults(format);
  }
}

function keyOf(link: LinkView): string {
  return `${link.stream}:${link.peer}:${link.direction}:${link.transport}`;
}

/** Whether two are the same link, whatever carries it. */
export function sameLink(a: LinkView, b: LinkView): boolean {
  return a.stream === b.stream && a.peer === b.peer && a.direction === b.direction;
}

function slower(a: Seen, b: Seen): Seen {
  return (b.link.ackP95Us ?? -1) > (a.link.ackP95Us ?? -1) ? b : a;
}

function later(a: Seen, b: Seen): Seen {
  return b.atMs > a.atMs ? b : a;
}
