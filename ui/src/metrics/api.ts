import type { ConditionsView, ExportFormat, MetricsEvent } from "../bindings/contract";
import type { Backend } from "../backend/types";

/** What was measured. */
export function metricsApi(backend: Backend) {
  return {
    history: () => backend.call("metrics|history", {}),
    /** The trips of a stream's latest frames to a peer, or (null) to this window's screen; oldest first. */
    trips: (stream: number, to: number | null) => backend.call("metrics|trips", { stream, to }),
    /** What is counted of every link, with its reasons. */
    counts: () => backend.call("metrics|counts", {}),
    /** Makes the network worse on purpose, or (null) as it was; answers what is in force. */
    setConditions: (conditions: ConditionsView | null) => backend.call("metrics|set_conditions", { conditions }),
    startComparison: (seconds: number) => backend.call("metrics|start_comparison", { seconds }),
    stopComparison: () => backend.call("metrics|stop_comparison", {}),
    exportComparison: (format: ExportFormat) => backend.call("metrics|export_comparison", { format }),
    /** The native dialog and the file; null when it was dismissed. */
    exportResults: (format: ExportFormat) => backend.call("metrics|export_results", { format }),
    onEvent: (handler: (event: MetricsEvent) => void) => backend.on("metrics:event", handler),
  };
}

export type MetricsApi = ReturnType<typeof metricsApi>;
