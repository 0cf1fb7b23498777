/**
 * A simulated room in place of the backend: what the interface meets in a plain browser and in its tests. People talk,
 * files move, streams are drawn, figures change with TCP and UDP, and any command can be made to fail.
 */
import type { DragView } from "../../bindings/contract";
import type { Args, Backend, Command, EventName, Events, Result } from "../types";
import { BackendError } from "../types";
import { followBrowserDrags } from "./drags";
import { DEFAULTS, optionsFrom, type FakeOptions } from "./options";
import { FakeRoom } from "./room";
import { contextOf } from "./views";

export type { FakeOptions } from "./options";

/** The fake backend that an address asks for (see {@link optionsFrom}). */
export function fakeBackendFromAddress(search: string): Backend {
  const backend = createFakeBackend(optionsFrom(search));
  followBrowserDrags(
    (drag) => backend.drag(drag),
    (name) => backend.room.picks.pick(name),
  );
  return backend;
}

/** A fake backend whose innards a test can reach. */
export type FakeBackend = Backend & {
  /** What was asked, in order. */
  readonly calls: { command: Command; args: unknown }[];
  /** Sends an event as the backend would. */
  emit<E extends EventName>(event: E, payload: Events[E]): void;
  /** Makes a command fail from now on, or (null) no longer. */
  refuse(command: Command, code: NonNullable<FakeOptions["refuse"][Command]> | null): void;
  /** Drags files over the window as the system would. */
  drag(drag: DragView): void;
  readonly room: FakeRoom;
};

export function createFakeBackend(given: Partial<FakeOptions> = {}): FakeBackend {
  const options: FakeOptions = { ...DEFAULTS, ...given, refuse: { ...given.refuse } };
  const handlers = new Map<EventName, Set<(payload: never) => void>>();
  const calls: FakeBackend["calls"] = [];

  function emit<E extends EventName>(event: E, payload: Events[E]): void {
    for (const handler of handlers.get(event) ?? []) handler(payload as never);
  }

  const room = new FakeRoom(options, emit);

  return {
    calls,
    emit,
    room,
    drag(drag) {
      emit("files:event", { kind: "drag", drag });
    },
    refuse(command, code) {
      if (code) options.refuse[command] = code;
      else delete options.refuse[command];
    },

    async call<C extends Command>(command: C, args: Args<C>): Promise<Result<C>> {
      calls.push({ command, args });
      if (options.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, options.delayMs));
      const code = options.refuse[command];
      if (code) throw new BackendError({ code, message: `refused: ${code}`, context: contextOf(code, args) });
      const run = room.commands[command] as (args: Args<C>) => Result<C>;
      // What crosses the bridge is a copy.
      return structuredClone(run(args));
    },

    nextFrame: (stream, after) => room.nextFrame(stream, after),

    async on(event, handler) {
      const set = handlers.get(event) ?? new Set();
      handlers.set(event, set);
      set.add(handler as (payload: never) => void);
      return () => void set.delete(handler as (payload: never) => void);
    },

    async setZoom(factor) {
      const root = document.documentElement;
      root.dataset.zoom = String(factor);
      root.style.setProperty("zoom", String(factor));
    },
  };
}
