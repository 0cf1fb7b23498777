import type { FilesEvent } from "../bindings/contract";
import type { Backend } from "../backend/types";

/** Files that others offer, and one's own. */
export function filesApi(backend: Backend) {
  return {
    /** The native dialog; empty when it was dismissed. */
    choose: () => backend.call("files|choose_files", {}),
    /** Offers what was picked, by its handles. */
    offer: (picks: number[], to: number[]) => backend.call("files|offer_files", { picks, to }),
    accept: (id: number) => backend.call("files|accept_file", { id }),
    decline: (id: number) => backend.call("files|decline_file", { id }),
    cancel: (id: number) => backend.call("files|cancel_file", { id }),
    pause: (id: number) => backend.call("files|pause_file", { id }),
    resume: (id: number) => backend.call("files|resume_file", { id }),
    open: (id: number) => backend.call("files|open_file", { id }),
    show: (id: number) => backend.call("files|show_file", { id }),
    onEvent: (handler: (event: FilesEvent) => void) => backend.on("files:event", handler),
  };
}

export type FilesApi = ReturnType<typeof filesApi>;
