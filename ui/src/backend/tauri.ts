/** The desktop shell as a {@link Backend}: the only file of the interface that knows Tauri. */
import { invoke, isTauri } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import {
  asIpcError,
  BackendError,
  type Args,
  type Backend,
  type Command,
  type EventName,
  type Events,
  type Result,
} from "./types";

/** Whether this page runs in the desktop shell. */
export const inShell = isTauri;

export const tauriBackend: Backend = {
  async call<C extends Command>(command: C, args: Args<C>): Promise<Result<C>> {
    return await asked<Result<C>>(invoke(`plugin:${command}`, args));
  },

  async nextFrame(stream, after, drawn) {
    const answer = await asked<ArrayBuffer | number[]>(invoke("plugin:video|next_frame", { stream, after, drawn }));
    // Where the shell has to fall back to its slower bridge, raw bytes come as a list of numbers.
    return answer instanceof ArrayBuffer ? answer : new Uint8Array(answer).buffer;
  },

  async on<E extends EventName>(event: E, handler: (payload: Events[E]) => void) {
    return await listen<Events[E]>(event, (message) => handler(message.payload));
  },

  async setZoom(factor) {
    await getCurrentWebview().setZoom(factor);
  },
};

async function asked<T>(answer: Promise<unknown>): Promise<T> {
  try {
    return (await answer) as T;
  } catch (thrown) {
    throw new BackendError(asIpcError(thrown));
  }
}
