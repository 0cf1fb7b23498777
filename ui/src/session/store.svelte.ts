import type {
  IpcError,
  LastUsed,
  LinkState,
  Person,
  Profile,
  ReachableAt,
  RecentRoom,
  Role,
  RoomView,
  SessionEvent,
  Settings,
} from "../bindings/contract";
import { asIpcError } from "../backend/types";
import type { SessionApi } from "./api";

/** The room this computer is in, apart from what other capabilities keep. */
export type Room = {
  role: Role;
  name: string;
  address: string;
  reachableAt: ReachableAt[];
  fingerprint: string;
  me: number;
};

/** What is in progress on the start screen; at most one thing. */
export type Busy = "host" | "join" | "try" | null;
/** Where on the start screen an error belongs. */
export type Place = "host" | "join" | "try" | "profile";

/** A room that ended without my asking. */
export type Ended = { roomName: string; reason: IpcError };

export const DEFAULT_SETTINGS: Settings = {
  language: "en",
  theme: "auto",
  port: 27182,
  transport: "udp",
  downloads: "",
  quality: 50,
  leastQuality: 30,
  leastKbps: null,
  mostKbps: null,
  isFixed: false,
  staysOnUdp: false,
};

export class SessionStore {
  /** Whether the backend has answered; until then there is nothing true to show. */
  ready = $state(false);
  /** Why the backend did not answer at the start. */
  startError = $state.raw<IpcError | null>(null);
  profile = $state.raw<Profile>({ name: "", about: "", colour: "#7a4f9a", device: "" });
  profileName = $state.raw<string | null>(null);
  settings = $state.raw<Settings>(DEFAULT_SETTINGS);
  /** What was used last. */
  last = $state.raw<LastUsed>({ roomName: "", source: "", format: null });
  addresses = $state.raw<ReachableAt[]>([]);
  recent = $state.raw<RecentRoom[]>([]);
  version = $state("");
  downloadsFree = $state.raw<number | null>(null);
  firstRun = $state(false);
  /** The address of the link that was opened; its room is joined when the person asks. */
  linked = "";

  room = $state.raw<Room | null>(null);
  people = $state.raw<Person[]>([]);
  link = $state.raw<LinkState>({ kind: "up" });
  ended = $state.raw<Ended | null>(null);

  busy = $state<Busy>(null);
  errors = $state.raw<Partial<Record<Place, IpcError>>>({});

  me = $derived(this.people.find((person) => person.isMe) ?? null);
  hostPerson = $derived(this.people.find((person) => person.isHost) ?? null);

  constructor(private readonly api: SessionApi) {}

  /** Asks who I am and what was used before. Answers the address that this window is to join at once, if any. */
  async open(): Promise<string | null> {
    try {
      const start = await this.api.start();
      this.profile = start.profile;
      this.profileName = start.profileName;
      this.settings = start.settings;
      this.last = start.last;
      this.addresses = start.addresses;
      this.recent = start.recent;
      this.version = start.version;
      this.downloadsFree = start.downloadsFree;
      this.firstRun = start.firstRun;
      this.linked = start.linked ?? "";
      this.ready = true;
      return start.autoJoin;
    } catch (thrown) {
      this.startError = asIpcError(thrown);
      return null;
    }
  }

  /** Takes on a room that was entered, or its state after a reconnection. */
  enter(view: RoomView): void {
    const { role, name, address, reachableAt, fingerprint, me } = view;
    this.room = { role, name, address, reachableAt, fingerprint, me };
    this.people = order(view.people);
    this.link = view.link;
    this.ended = null;
    this.errors = {};
  }

  apply(event: SessionEvent): void {
    switch (event.kind) {
      case "joined":
      case "person_changed":
        this.people = order([...this.people.filter((other) => other.id !== event.person.id), event.person]);
        break;
      case "left":
        this.people = this.people.filter((other) => other.id !== event.person.id);
        break;
      case "link_changed":
        this.link = event.link;
        break;
      case "addresses_changed":
        if (this.room) this.room = at(this.room, event.addresses);
        break;
      case "close_asked":
        break; // the whole window asks
      case "closed":
        if (this.room && event.reason) this.ended = { roomName: this.room.name, reason: event.reason };
        this.forget();
        break;
    }
  }

  host(name: string, port: number): Promise<RoomView | null> {
    return this.during("host", () => this.opened(name, port));
  }

  join(address: string): Promise<RoomView | null> {
    return this.during("join", () => this.api.joinRoom(address));
  }

  /** Joins a room that shows another identity than before, when it is the one that was compared. */
  joinConfirmed(address: string, fingerprint: string): Promise<RoomView | null> {
    return this.during("join", () => this.api.joinConfirmed(address, fingerprint));
  }

  /** Hosts a room here and opens a second window that joins it over loopback. */
  tryHere(name: string, port: number): Promise<RoomView | null> {
    return this.during("try", async () => {
      const view = await this.opened(name, port);
      const inside = view.reachableAt.find((at) => at.loopback)?.address ?? `127.0.0.1:${port}`;
      await this.api.openBeside(inside);
      return view;
    });
  }

  async leave(): Promise<void> {
    await this.api.leaveRoom();
    this.forget();
    await this.refreshStart();
  }

  async reconnectNow(): Promise<void> {
    await this.api.reconnectNow();
  }

  /** Keeps a changed name, colour or self-description; the old one stays in force when that fails. */
  async saveProfile(change: Partial<Profile>): Promise<void> {
    const before = this.profile;
    this.profile = { ...before, ...change };
    try {
      this.profile = await this.api.saveProfile(this.profile);
      this.firstRun = false;
      this.fail("profile", null);
    } catch (thrown) {
      this.profile = before;
      this.fail("profile", asIpcError(thrown));
    }
  }

  /** Keeps changed settings. They are in force at once, and stay so only if they could be kept. */
  async saveSettings(change: Partial<Settings>): Promise<void> {
    const before = this.settings;
    this.settings = { ...before, ...change };
    try {
      this.settings = await this.api.saveSettings(this.settings);
    } catch (thrown) {
      this.settings = before;
      throw thrown;
    }
  }

  /** Lets the folder that received files go to be chosen. */
  async chooseDownloads(): Promise<void> {
    const settings = await this.api.chooseDownloads();
    if (settings) this.settings = settings;
  }

  /** Looks again for what may have changed while a room was open: addresses, rooms used before. */
  async refreshStart(): Promise<void> {
    const start = await this.api.start();
    this.addresses = start.addresses;
    this.recent = start.recent;
    this.downloadsFree = start.downloadsFree;
  }

  /** Forgets a room that was joined before, and the identity that it showed: it is met as for the first time from then on. */
  async forgetRoom(address: string): Promise<void> {
    try {
      await this.api.forgetRoom(address);
      await this.refreshStart();
      this.fail("join", null);
    } catch (thrown) {
      this.fail("join", asIpcError(thrown));
    }
  }

  /**
   * Gives up a list of known rooms that cannot be read: every room is met as for the first time from then on. Answers where the
   * old list is kept.
   */
  async startRoomsAnew(): Promise<string | null> {
    try {
      const old = await this.api.startRoomsAnew();
      this.fail("join", null);
      await this.refreshStart();
      return old;
    } catch (thrown) {
      this.fail("join", asIpcError(thrown));
      return null;
    }
  }

  /** Puts an error where it belongs on the start screen, or takes it away. */
  fail(place: Place, error: IpcError | null): void {
    const rest = { ...this.errors };
    delete rest[place];
    this.errors = error ? { ...rest, [place]: error } : rest;
  }

  forget(): void {
    this.room = null;
    this.people = [];
    this.link = { kind: "up" };
  }

  /** Opens a room. The backend keeps its port for the next time; settings saved later must not undo that. */
  private async opened(name: string, port: number): Promise<RoomView> {
    const view = await this.api.hostRoom(name, port);
    this.settings = { ...this.settings, port };
    this.last = { ...this.last, roomName: name };
    return view;
  }

  private async during(what: Exclude<Busy, null>, run: () => Promise<RoomView>): Promise<RoomView | null> {
    if (this.busy) return null;
    this.busy = what;
    this.fail(what, null);
    try {
      return await run();
    } catch (thrown) {
      this.fail(what, asIpcError(thrown));
      return null;
    } finally {
      this.busy = null;
    }
  }
}

/** The same room, which others reach at other addresses from now on. */
function at(room: Room, addresses: ReachableAt[]): Room {
  return { ...room, reachableAt: addresses, address: addresses[0]?.address ?? room.address };
}

/** The host first, then me, then the others as they came. */
function order(people: Person[]): Person[] {
  const rank = (person: Person) => (person.isHost ? 0 : person.isMe ? 1 : 2);
  return [...people].sort((a, b) => rank(a) - rank(b) || a.id - b.id);
}
