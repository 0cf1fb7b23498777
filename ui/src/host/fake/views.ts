import type { ErrorCode, FileView, LiveView, VideoSpec } from "../../bindings/contract";
import { HostError } from "../types";

export function refused(code: ErrorCode, context: Record<string, string> = {}): HostError {
  return new HostError({ code, message: `refused: ${code}`, context });
}

export function asAsked({ quality, width, height, rate }: VideoSpec): LiveView["made"] {
  return { quality, width, height, rate };
}

export function doneOf(file: FileView): number {
  return "done" in file.state ? file.state.done : 0;
}
