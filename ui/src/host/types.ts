/**
 * The one door to the backend. Capabilities are given a {@link Host} and never learn which one it is: the desktop shell
 * (`tauri.ts`) or the simulated room of a plain browser and of tests (`fake.ts`).
 */
import type {
  ChatEntry,
  ChatEvent,
  FilesEvent,
  FileView,
  IpcError,
  LiveView,
  MetricsEvent,
  MetricsHistory,
  Profile,
  ReachableAt,
  RoomView,
  SessionEvent,
  Settings,
  SourceView,
  StartView,
  Transport,
  VideoEvent,
  VideoSpec,
} from "../bindings/contract";

type None = Record<string, never>;
type Id = { id: number };

/** Every command: what it takes and what it answers. The name before the bar is the capability. */
export type Commands = {
  "session|start": [None, StartView];
  "session|save_profile": [{ profile: Profile }, Profile];
  "session|save_settings": [{ settings: Settings }, Settings];
  "session|addresses": [None, ReachableAt[]];
  "session|host_room": [{ name: string; port: number }, RoomView];
  "session|join_room": [{ address: string }, RoomView];
  "session|room": [None, RoomView | null];
  "session|leave_room": [None, null];
  "session|reconnect_now": [None, null];
  "session|open_beside": [{ address: string }, null];
  "chat|say": [{ text: string }, ChatEntry];
  "chat|resend": [{ key: number }, ChatEntry];
  "files|choose_files": [None, string[]];
  "files|offer_files": [{ paths: string[]; to: number[] }, FileView[]];
  "files|accept_file": [Id, null];
  "files|decline_file": [Id, null];
  "files|cancel_file": [Id, null];
  "files|pause_file": [Id, null];
  "files|resume_file": [Id, null];
  "files|open_file": [Id, null];
  "files|show_file": [Id, null];
  "files|choose_folder": [None, string | null];
  "video|sources": [None, SourceView[]];
  "video|choose_video_file": [None, SourceView | null];
  "video|start_video": [{ spec: VideoSpec }, LiveView];
  "video|change_video": [{ spec: VideoSpec }, LiveView];
  "video|set_transport": [{ transport: Transport }, LiveView];
  "video|stop_video": [None, null];
  "video|watch": [{ stream: number; on: boolean }, null];
  "video|save_snapshot": [{ stream: number }, string];
  "metrics|history": [None, MetricsHistory];
  "metrics|export_results": [{ format: "csv" | "json" }, string | null];
};

/** Every event the backend sends unasked. */
export type Events = {
  "session:event": SessionEvent;
  "chat:event": ChatEvent;
  "files:event": FilesEvent;
  "video:event": VideoEvent;
  "metrics:event": MetricsEvent;
};

export type Command = keyof Commands;
export type Args<C extends Command> = Commands[C][0];
export type Result<C extends Command> = Commands[C][1];
export type EventName = keyof Events;

export interface Host {
  /** Runs a command. Rejects with {@link HostError}, always. */
  call<C extends Command>(command: C, args: Args<C>): Promise<Result<C>>;
  /**
   * The newest frame of `stream` after frame number `after` (-1: any), as raw bytes. Held until there is one; answers one
   * byte when nothing came for a second and nothing at all when the stream is over.
   */
  nextFrame(stream: number, after: number): Promise<ArrayBuffer>;
  /** Calls `handler` for every event of this name until the returned function is called. */
  on<E extends EventName>(event: E, handler: (payload: Events[E]) => void): Promise<() => void>;
}

/** A refusal from the backend, in the form that a sentence can be made of. */
export class HostError extends Error {
  constructor(readonly ipc: IpcError) {
    super(ipc.message);
    this.name = "HostError";
  }
}

/** Whatever was thrown, as an error that can be shown. What is not from the backend is a fault of the program itself. */
export function asIpcError(thrown: unknown): IpcError {
  if (thrown instanceof HostError) return thrown.ipc;
  if (isIpcError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "internal", message, context: {} };
}

function isIpcError(value: unknown): value is IpcError {
  return typeof value === "object" && value !== null && "code" in value && "message" in value && "context" in value;
}
