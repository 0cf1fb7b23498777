/** A network that is made worse, and a comparison, as the shell would do them. */
import type { CompareView, ConditionedView, ConditionsView, LiveView } from "../../bindings/contract";
import type { EventName, Events } from "../types";
import { compared } from "./measured";
import type { FakeOptions } from "./options";

type Emit = <E extends EventName>(event: E, payload: Events[E]) => void;

/** Packets of the busy room in a second. */
const PACKETS_A_SECOND = 900;

export class FakeExperiments {
  conditions: ConditionsView | null = null;
  comparison: CompareView | null = null;
  private packets = 0;
  private comparing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly options: FakeOptions,
    private readonly emit: Emit,
  ) {}

  setConditions(conditions: ConditionsView | null): ConditionsView | null {
    this.packets = 0;
    return (this.conditions = conditions);
  }

  /** A second has passed. */
  conditioned(): ConditionedView | null {
    if (!this.conditions) return null;
    this.packets += PACKETS_A_SECOND;
    const { lossPct, burstPct } = this.conditions;
    return { packets: this.packets, lost: Math.round((this.packets * (lossPct + burstPct)) / 100) };
  }

  /** TCP and then UDP, each as long as was asked for. */
  compare({ spec, sourceName }: LiveView, seconds: number): CompareView {
    clearTimeout(this.comparing);
    const now = Date.now();
    const begun: CompareView = {
      running: "tcp",
      seconds,
      sinceMs: now,
      runningSinceMs: now,
      source: sourceName,
      sourceId: spec.source,
      rows: [],
      error: null,
    };
    this.comparison = begun;
    this.wait();
    return begun;
  }

  stop(): void {
    clearTimeout(this.comparing);
    if (this.comparison?.running)
      this.notify({ ...this.comparison, running: null, error: { code: "cancelled", message: "", context: {} } });
  }

  clear(): void {
    clearTimeout(this.comparing);
    this.conditions = null;
    this.comparison = null;
  }

  private wait(): void {
    this.comparing = setTimeout(() => this.next(), (this.comparison?.seconds ?? 0) * this.options.secondMs);
  }

  private next(): void {
    const now = this.comparison;
    if (!now?.running) return;
    const rows = [...now.rows, compared(now.running, now.seconds, this.conditions?.lossPct ?? 0)];
    this.notify({ ...now, rows, running: now.running === "tcp" ? "udp" : null, runningSinceMs: Date.now() });
    this.wait();
  }

  private notify(comparison: CompareView): void {
    this.comparison = comparison;
    this.emit("metrics:event", { kind: "compared", comparison: structuredClone(comparison) });
  }
}
