/**
 * The only connection to the backend. Capabilities are given a {@link Backend} and never learn which one it is: the
 * desktop shell (`tauri.ts`) or the simulated room of a plain browser and of tests (`fake/`).
 */
import type { Commands, DrawnFrame, Events, IpcError } from "../bindings/contract";

/** Every command but the one that answers with bytes: see {@link Backend.nextFrame}. */
export type Command = Exclude<keyof Commands, "video|next_frame">;
export type Args<C extends Command> = Commands[C][0];
export type Result<C extends Command> = Commands[C][1];
export type { Commands, Events } from "../bindings/contract";

export type EventName = keyof Events;

export interface Backend {
  /** Runs a command. Rejects with {@link BackendError}, always. */
  call<C extends Command>(command: C, args: Args<C>): Promise<Result<C>>;
  /**
   * The newest frame of `stream` after frame number `after` (-1: any), as raw bytes. Held until there is one; answers one
   * byte when nothing came for a second and nothing at all when the stream is over. `drawn`: a frame that was drawn since the
   * last request.
   */
  nextFrame(stream: number, after: number, drawn: DrawnFrame | null): Promise<ArrayBuffer>;
  /** Calls `handler` for every event of this name until the returned function is called. */
  on<E extends EventName>(event: E, handler: (payload: Events[E]) => void): Promise<() => void>;
  /** Draws the page larger or smaller; 1 is its usual size. */
  setZoom(factor: number): Promise<void>;
}

/** A refusal from the backend, in the form that a sentence can be made of. */
export class BackendError extends Error {
  constructor(readonly ipc: IpcError) {
    super(ipc.message);
    this.name = "BackendError";
  }
}

/** Whatever was thrown, as an error that can be shown. What is not from the backend is a fault of the program itself. */
export function asIpcError(thrown: unknown): IpcError {
  if (thrown instanceof BackendError) return thrown.ipc;
  if (isIpcError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "internal", message, context: {} };
}

function isIpcError(value: unknown): value is IpcError {
  return typeof value === "object" && value !== null && "code" in value && "message" in value && "context" in value;
}
