import type {
  CompareView,
  ConditionedView,
  ConditionsView,
  ExportFormat,
  IpcError,
  MetricsEvent,
  MetricsHistory,
} from "../bindings/contract";
import { asIpcError } from "../backend/types";
import type { MetricsApi } from "./api";
import { CLEAN } from "./conditions";

/** What is done on purpose to see what comes of it: a network made worse, and TCP measured beside UDP. */
export class Experiments {
  /** What the network is made like; null: it is what it is. */
  conditions = $state.raw<ConditionsView | null>(null);
  /** What the controls say: in force while the network is made worse, and at the next switching on. */
  draft = $state.raw<ConditionsView>(CLEAN);
  conditioned = $state.raw<ConditionedView | null>(null);
  comparison = $state.raw<CompareView | null>(null);
  /** Why the network was not changed. */
  error = $state.raw<IpcError | null>(null);
  /** Why nothing is compared. */
  compareError = $state.raw<IpcError | null>(null);
  /** How long each transport is measured, in seconds. */
  seconds = $state(10);

  constructor(private readonly api: MetricsApi) {}

  reset(history: Pick<MetricsHistory, "conditions" | "comparison">): void {
    this.conditions = history.conditions;
    if (history.conditions) this.draft = history.conditions;
    this.conditioned = null;
    this.comparison = history.comparison;
    this.error = null;
    this.compareError = null;
  }

  apply(event: MetricsEvent): void {
    if (event.kind === "points") this.conditioned = event.conditioned;
    else if (event.kind === "compared") this.comparison = event.comparison;
  }

  /** Sets what the controls say; at once when the network is made worse already. */
  async change(change: Partial<ConditionsView>): Promise<void> {
    this.draft = { ...this.draft, ...change };
    if (this.conditions) await this.switchOn();
  }

  async switchOn(): Promise<void> {
    this.error = await failure(async () => {
      this.conditions = await this.api.setConditions(this.draft);
      if (this.conditions) this.draft = this.conditions;
    });
  }

  async switchOff(): Promise<void> {
    this.error = await failure(async () => {
      this.conditions = await this.api.setConditions(null);
      this.conditioned = null;
    });
  }

  async compare(): Promise<void> {
    this.compareError = await failure(
      async () => void (this.comparison = await this.api.startComparison(this.seconds)),
    );
  }

  async stopComparing(): Promise<void> {
    this.compareError = await failure(() => this.api.stopComparison());
  }

  exportComparison(format: ExportFormat): Promise<string | null> {
    return this.api.exportComparison(format);
  }
}

/** Why it did not work; null when it did. */
async function failure(run: () => Promise<unknown>): Promise<IpcError | null> {
  try {
    await run();
    return null;
  } catch (thrown) {
    return asIpcError(thrown);
  }
}
