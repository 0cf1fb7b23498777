import type { Backend } from "../backend/types";
import type { Profile, SessionEvent, Settings } from "../bindings/contract";

/** Who I am, which room I am in, and how I got there. */
export function sessionApi(backend: Backend) {
  return {
    start: () => backend.call("session|start", {}),
    saveProfile: (profile: Profile) => backend.call("session|save_profile", { profile }),
    saveSettings: (settings: Settings) => backend.call("session|save_settings", { settings }),
    hostRoom: (name: string, port: number) => backend.call("session|host_room", { name, port }),
    joinRoom: (address: string) => backend.call("session|join_room", { address }),
    /** Joins a room whose identity was compared with the host's own words, whatever it showed before. */
    joinConfirmed: (address: string, fingerprint: string) =>
      backend.call("session|join_confirmed", { address, fingerprint }),
    /** Lets the folder that received files go to be chosen; null when the dialog was dismissed. */
    chooseDownloads: () => backend.call("session|choose_downloads", {}),
    /** Forgets a room that was joined before, and the identity that it showed then. */
    forgetRoom: (address: string) => backend.call("session|forget_room", { address }),
    /** Gives up a list of known rooms that cannot be read; answers where the old one is kept. */
    startRoomsAnew: () => backend.call("session|start_rooms_anew", {}),
    room: () => backend.call("session|room", {}),
    leaveRoom: () => backend.call("session|leave_room", {}),
    /** Says whether the window, which was to be closed, closes or stays. */
    answerClose: (close: boolean) => backend.call("session|answer_close", { close }),
    reconnectNow: () => backend.call("session|reconnect_now", {}),
    /** Opens a second window of this program that joins `address`. */
    openBeside: (address: string) => backend.call("session|open_beside", { address }),
    onEvent: (handler: (event: SessionEvent) => void) => backend.on("session:event", handler),
  };
}

export type SessionApi = ReturnType<typeof sessionApi>;
