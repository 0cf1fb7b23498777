import type { Host } from "../host/types";
import type { Profile, SessionEvent, Settings } from "../bindings/contract";

/** Who I am, which room I am in, and how I got there. */
export function sessionApi(host: Host) {
  return {
    start: () => host.call("session|start", {}),
    saveProfile: (profile: Profile) => host.call("session|save_profile", { profile }),
    saveSettings: (settings: Settings) => host.call("session|save_settings", { settings }),
    addresses: () => host.call("session|addresses", {}),
    hostRoom: (name: string, port: number) => host.call("session|host_room", { name, port }),
    joinRoom: (address: string) => host.call("session|join_room", { address }),
    /** Joins a room whose identity was compared with the host's own words, whatever it showed before. */
    joinConfirmed: (address: string, fingerprint: string) => host.call("session|join_confirmed", { address, fingerprint }),
    /** Lets the folder that received files go to be chosen; null when the dialog was dismissed. */
    chooseDownloads: () => host.call("session|choose_downloads", {}),
    /** Forgets a room that was joined before, and the identity that it showed then. */
    forgetRoom: (address: string) => host.call("session|forget_room", { address }),
    /** Gives up a list of known rooms that cannot be read; answers where the old one is kept. */
    startRoomsAnew: () => host.call("session|start_rooms_anew", {}),
    room: () => host.call("session|room", {}),
    leaveRoom: () => host.call("session|leave_room", {}),
    /** Says whether the window, which was to be closed, closes or stays. */
    answerClose: (close: boolean) => host.call("session|answer_close", { close }),
    reconnectNow: () => host.call("session|reconnect_now", {}),
    /** Opens a second window of this program that joins `address`. */
    openBeside: (address: string) => host.call("session|open_beside", { address }),
    onEvent: (handler: (event: SessionEvent) => void) => host.on("session:event", handler),
  };
}

export type SessionApi = ReturnType<typeof sessionApi>;
