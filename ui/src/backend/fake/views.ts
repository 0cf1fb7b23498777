import type { ErrorCode, FileView, LiveView, VideoSpec } from "../../bindings/contract";
import { BackendError, type Args, type Command, type Result } from "../types";

export function refused(code: ErrorCode, context: Record<string, string> = {}): BackendError {
  return new BackendError({ code, message: `refused: ${code}`, context });
}

export function asAsked({ quality, width, height, rate }: VideoSpec): LiveView["made"] {
  return { quality, width, height, rate };
}

export function doneOf(file: FileView): number {
  return "done" in file.state ? file.state.done : 0;
}

/** What a room showed before and shows now, where it is told to show another identity. */
export const OTHER_IDENTITY = { expected: "3fa9".repeat(16), got: "07c2".repeat(16) };

/** Commands that change nothing in the room: where a file was written, and nothing. */
export const ANSWERS = {
  "session|open_beside": () => null,
  "session|start_rooms_anew": () => "/home/mara/.config/roomwire/known-rooms.json.unreadable-1764300000000",
  "chat|save_conversation": () => "/home/mara/Documents/roomwire-conversation.txt",
  "files|show_file": () => null,
  "video|save_snapshot": ({ stream }) => `/home/mara/Pictures/Roomwire/stream-${stream}.jpg`,
  "metrics|export_comparison": ({ format }) => `/home/mara/Documents/roomwire-comparison.${format}`,
  "metrics|export_results": ({ format }) => `/home/mara/Documents/roomwire-results.${format}`,
} satisfies { [C in Command]?: (args: Args<C>) => Result<C> };

/** What an injected error knows to say about itself. */
export function contextOf(code: ErrorCode, args: unknown): Record<string, string> {
  const known = args as { port?: number; address?: string };
  switch (code) {
    case "port_in_use":
      return { port: String(known.port ?? 27182) };
    case "unreachable":
    case "refused":
    case "not_a_room":
    case "timed_out":
    case "address_invalid":
      return { address: known.address ?? "192.168.1.10:27182" };
    case "identity_changed":
      return { address: known.address ?? "192.168.1.10:27182", ...OTHER_IDENTITY };
    case "known_rooms_unreadable":
      return { path: "/home/mara/.config/roomwire/known-rooms.json.unreadable" };
    case "camera_busy":
    case "camera_stalled":
    case "camera_unplugged":
      return { camera: "HD Webcam C270" };
    case "window_closed":
      return { title: "Lab notes" };
    default:
      return {};
  }
}
