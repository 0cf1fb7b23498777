import type { MetricPoint } from "../../bindings/contract";
import { FakeExperiments } from "./experiments";
import { lengthenLog } from "./lengthy";
import { countsOf, eventLog, linkFrom, pointAt, tripsOf } from "./measured";
import type { HandlersOf, RoomState } from "./state";
import type { FakeVideo } from "./video";

const HISTORY_S = 120;

/** What was measured. */
export class FakeMetrics {
  private points: MetricPoint[] = [];
  private readonly experiments: FakeExperiments;

  constructor(
    private readonly state: RoomState,
    private readonly video: FakeVideo,
  ) {
    this.experiments = new FakeExperiments(state.options, state.emit);
  }

  readonly commands: HandlersOf<"metrics"> = {
    "metrics|history": () => ({
      points: this.points,
      links: this.links(),
      log: this.state.open ? this.log() : [],
      conditions: this.experiments.conditions,
      comparison: this.experiments.comparison,
    }),
    "metrics|counts": () => this.video.flows.map((flow) => countsOf(flow)),
    "metrics|trips": ({ stream, to }) => this.trips(stream, to),
    "metrics|set_conditions": ({ conditions }) => this.experiments.setConditions(conditions),
    "metrics|start_comparison": ({ seconds }) => this.experiments.compare(this.video.live, seconds),
    "metrics|stop_comparison": () => (this.experiments.stop(), null),
    "metrics|export_comparison": ({ format }) => `/home/mara/Documents/roomwire-comparison.${format}`,
    "metrics|export_results": ({ format }) => `/home/mara/Documents/roomwire-results.${format}`,
  };

  /** The points of the last two minutes. */
  backfill(now: number): void {
    for (let s = HISTORY_S; s >= 0; s -= 1)
      this.points.push(...this.video.flows.map((flow) => pointAt(flow, now - s * 1000)));
  }

  /** A second ends: its points are reported, unless the connection is lost. */
  second(): void {
    if (!this.state.isConnected) return;
    const atMs = Date.now();
    const fresh = this.video.flows.map((flow) => pointAt(flow, atMs));
    this.points = [...this.points, ...fresh].slice(-3000);
    this.state.emit("metrics:event", {
      kind: "points",
      points: fresh,
      links: this.links(),
      conditioned: this.experiments.conditioned(),
    });
  }

  clear(): void {
    this.points = [];
    this.experiments.clear();
  }

  private links() {
    return this.video.flows.map((flow) =>
      linkFrom(
        flow,
        this.points.filter((point) => point.stream === flow.stream && point.peer === flow.peer),
      ),
    );
  }

  private log() {
    return this.state.options.lengthy ? lengthenLog(eventLog(Date.now())) : eventLog(Date.now());
  }

  private trips(stream: number, to: number | null) {
    const view = this.video.find(stream);
    const flow = this.video.flows.find((other) => other.stream === stream && other.peer === to) ?? null;
    if (!view || (to !== null && !flow)) return [];
    return tripsOf(stream, view.rate, view.width * view.height * 0.5, flow, view.mine ? "mine" : "theirs", Date.now());
  }
}
