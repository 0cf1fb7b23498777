import type { MetricsEvent } from "../bindings/contract";
import type { Host } from "../host/types";

/** What was measured. */
export function metricsApi(host: Host) {
  return {
    history: () => host.call("metrics|history", {}),
    /** The native dialog and the file; null when it was dismissed. */
    exportResults: (format: "csv" | "json") => host.call("metrics|export_results", { format }),
    onEvent: (handler: (event: MetricsEvent) => void) => host.on("metrics:event", handler),
  };
}

export type MetricsApi = ReturnType<typeof metricsApi>;
