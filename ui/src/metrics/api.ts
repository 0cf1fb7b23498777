import type { MetricsEvent } from "../bindings/contract";
import type { Host } from "../host/types";

/** What was measured. */
export function metricsApi(host: Host) {
  return {
    history: () => host.call("metrics|history", {}),
    /** The way of a stream's latest frames to a neighbour, or (null) to this window's screen; oldest first. */
    trips: (stream: number, to: number | null) => host.call("metrics|trips", { stream, to }),
    /** The native dialog and the file; null when it was dismissed. */
    exportResults: (format: "csv" | "json") => host.call("metrics|export_results", { format }),
    onEvent: (handler: (event: MetricsEvent) => void) => host.on("metrics:event", handler),
  };
}

export type MetricsApi = ReturnType<typeof metricsApi>;
