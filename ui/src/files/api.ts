import type { FilesEvent } from "../bindings/contract";
import type { Host } from "../host/types";

/** Files on their way to and from others. */
export function filesApi(host: Host) {
  return {
    /** The native dialog; empty when it was dismissed. */
    choose: () => host.call("files|choose_files", {}),
    /** Offers what was picked, by its handles. */
    offer: (picks: number[], to: number[]) => host.call("files|offer_files", { picks, to }),
    accept: (id: number) => host.call("files|accept_file", { id }),
    decline: (id: number) => host.call("files|decline_file", { id }),
    cancel: (id: number) => host.call("files|cancel_file", { id }),
    pause: (id: number) => host.call("files|pause_file", { id }),
    resume: (id: number) => host.call("files|resume_file", { id }),
    open: (id: number) => host.call("files|open_file", { id }),
    show: (id: number) => host.call("files|show_file", { id }),
    onEvent: (handler: (event: FilesEvent) => void) => host.on("files:event", handler),
  };
}

export type FilesApi = ReturnType<typeof filesApi>;
