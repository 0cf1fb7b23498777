import type { ConditionsView, ExportFormat, MetricsEvent } from "../bindings/contract";
import type { Host } from "../host/types";

/** What was measured. */
export function metricsApi(host: Host) {
  return {
    history: () => host.call("metrics|history", {}),
    /** The way of a stream's latest frames to a neighbour, or (null) to this window's screen; oldest first. */
    trips: (stream: number, to: number | null) => host.call("metrics|trips", { stream, to }),
    /** What is counted of every link, with its reasons. */
    counts: () => host.call("metrics|counts", {}),
    /** Makes the network worse on purpose, or (null) as it was; answers what is in force. */
    setConditions: (conditions: ConditionsView | null) => host.call("metrics|set_conditions", { conditions }),
    startComparison: (seconds: number) => host.call("metrics|start_comparison", { seconds }),
    stopComparison: () => host.call("metrics|stop_comparison", {}),
    exportComparison: (format: ExportFormat) => host.call("metrics|export_comparison", { format }),
    /** The native dialog and the file; null when it was dismissed. */
    exportResults: (format: ExportFormat) => host.call("metrics|export_results", { format }),
    onEvent: (handler: (event: MetricsEvent) => void) => host.on("metrics:event", handler),
  };
}

export type MetricsApi = ReturnType<typeof metricsApi>;
