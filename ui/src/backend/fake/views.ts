import type { ErrorCode } from "../../bindings/contract";
import { BackendError } from "../types";

export function refused(code: ErrorCode, context: Record<string, string> = {}): BackendError {
  return new BackendError({ code, message: `refused: ${code}`, context });
}

/** What a room showed before and shows now, where it shows another identity. */
export const OTHER_IDENTITY = { expected: "3fa9".repeat(16), got: "07c2".repeat(16) };

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
