import type { LinkState, LastUsed, ReachableAt, RecentRoom, RoomView } from "../../bindings/contract";
import type { FakeChat } from "./chat";
import { lengthenRecent } from "./lengthy";
import { addresses, newcomer, recentRooms } from "./people";
import type { HandlersOf, RoomState } from "./state";
import { OTHER_IDENTITY, refused } from "./views";

/** How rooms are opened and left: all capabilities take part in it. */
export type Entrance = {
  host(name: string, port: number): RoomView;
  join(address: string): RoomView;
  leave(): void;
};

/** Who is here. */
export class FakeSession {
  private last: LastUsed = { roomName: "", source: "", format: null };
  private recent: RecentRoom[];

  constructor(
    private readonly state: RoomState,
    private readonly chat: FakeChat,
    private readonly entrance: Entrance,
  ) {
    this.recent = state.options.scene === "first" ? [] : recentRooms(Date.now());
    if (state.options.lengthy) this.recent = lengthenRecent(this.recent);
  }

  readonly commands: HandlersOf<"session"> = {
    "session|start": () => ({
      profile: this.state.profile,
      profileName: null,
      settings: this.state.settings,
      last: this.last,
      addresses: addresses(this.state.settings.port),
      recent: this.recent,
      version: "0.1.0",
      downloadsFree: 41e9,
      firstRun: this.state.options.scene === "first",
      autoJoin: this.state.options.autoJoin,
      linked: this.state.options.linked,
    }),
    "session|save_profile": ({ profile }) => {
      if (profile.name.trim() === "") throw refused("empty");
      this.state.profile = profile;
      const { me } = this.state;
      if (me) {
        me.profile = profile;
        this.state.emit("session:event", { kind: "person_changed", person: structuredClone(me) });
      }
      return profile;
    },
    "session|save_settings": ({ settings }) => (this.state.settings = settings),
    "session|choose_downloads": () =>
      (this.state.settings = { ...this.state.settings, downloads: "/home/mara/Lab/Received" }),
    "session|host_room": ({ name, port }) => this.entrance.host(name, port),
    "session|join_room": ({ address }) => {
      if (!/^\[?[\w.:-]+\]?(:\d+)?$/.test(address)) throw refused("address_invalid", { address });
      return this.entrance.join(address);
    },
    "session|join_confirmed": ({ address, fingerprint }) => {
      if (fingerprint !== OTHER_IDENTITY.got) throw refused("identity_changed", { address, ...OTHER_IDENTITY });
      return this.entrance.join(address);
    },
    "session|open_beside": () => null,
    "session|forget_room": ({ address }) => (
      (this.recent = this.recent.filter((room) => room.address !== address)),
      null
    ),
    "session|start_rooms_anew": () => "/home/mara/.config/roomwire/known-rooms.json.unreadable-1764300000000",
    "session|room": () => this.state.open,
    "session|leave_room": () => (this.entrance.leave(), null),
    "session|answer_close": ({ close }) => {
      if (close) this.entrance.leave();
      return null;
    },
    "session|reconnect_now": () => {
      this.changeLink({ kind: "up" });
      return null;
    },
  };

  /** The network of this computer is another one from now on. */
  reach(at: ReachableAt[]): void {
    if (this.state.open) this.state.open.reachableAt = at;
    this.state.emit("session:event", { kind: "addresses_changed", addresses: at });
  }

  changeLink(link: LinkState): void {
    if (!this.state.open) return;
    this.state.open.link = link;
    this.state.emit("session:event", { kind: "link_changed", link });
  }

  /** A newcomer joins, unless the connection is lost. */
  join(): void {
    if (!this.state.open || !this.state.isConnected) return;
    const person = newcomer(20);
    this.state.open.people.push(person);
    this.state.emit("session:event", { kind: "joined", person });
    this.chat.arrive(person, { kind: "joined" });
  }
}

/** A lost connection at its attempt number `attempt`, the next of which begins in `retryInMs` milliseconds. */
export function lostLink(attempt: number, retryInMs: number): LinkState {
  return {
    kind: "lost",
    attempt,
    retryInMs,
    atMs: Date.now() - 8000,
    reason: { code: "timed_out", message: "no answer", context: {} },
  };
}
