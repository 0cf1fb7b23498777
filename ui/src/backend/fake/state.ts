import type { Person, Profile, RoomView, Settings } from "../../bindings/contract";
import { type Args, type Command, type EventName, type Events, type Result } from "../types";
import { longName } from "./lengthy";
import type { FakeOptions } from "./options";
import { MY_DEVICE } from "./people";
import { refused } from "./views";

export type Emit = <E extends EventName>(event: E, payload: Events[E]) => void;
export type Handlers = { [C in Command]: (args: Args<C>) => Result<C> };
/** A handler for every command of one capability. */
export type HandlersOf<Capability extends string> = Pick<Handlers, Extract<Command, `${Capability}|${string}`>>;

/** What the capabilities of the simulated room share: the person, their settings, the open room and its timers. */
export class RoomState {
  profile: Profile;
  settings: Settings;
  open: RoomView | null = null;
  private timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    readonly options: FakeOptions,
    readonly emit: Emit,
  ) {
    this.profile = {
      name: options.scene === "first" ? "" : "Mara Okafor",
      about: "",
      colour: "#7a4f9a",
      device: MY_DEVICE,
    };
    this.settings = {
      language: options.language,
      theme: options.theme,
      port: 27182,
      transport: "udp",
      downloads: "/home/mara/Downloads/Roomwire",
      quality: 50,
      leastQuality: 30,
      leastKbps: null,
      mostKbps: null,
      isFixed: false,
      staysOnUdp: false,
    };
    if (options.lengthy) {
      this.profile = { ...this.profile, name: longName(2), device: longName(3) };
      this.settings.downloads = `/home/${longName(4)}/${longName(5)}`;
    }
  }

  /** The open room; a command that needs one is refused without. */
  get room(): RoomView {
    if (!this.open) throw refused("no_room");
    return this.open;
  }

  get me(): Person | null {
    return this.open?.people.find((person) => person.isMe) ?? null;
  }

  get isConnected(): boolean {
    return this.open?.link.kind === "up";
  }

  /** Calls `run` every `ms` milliseconds while the room is open. */
  every(ms: number, run: () => void): void {
    this.timers.push(setInterval(run, ms));
  }

  /** Calls `run` once in `ms` milliseconds, if the room is still open. */
  after(ms: number, run: () => void): void {
    this.timers.push(setTimeout(run, ms));
  }

  shut(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
    this.open = null;
  }
}
