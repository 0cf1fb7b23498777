import type {
  ChatEntry,
  DrawnFrame,
  FileState,
  FileView,
  IpcError,
  LastUsed,
  LinkState,
  LiveView,
  MetricPoint,
  Person,
  Profile,
  ReachableAt,
  RecentRoom,
  RoomView,
  Settings,
  SourceView,
  StreamView,
  Transport,
  VideoSpec,
} from "../../bindings/contract";
import { type Args, type Command, type EventName, type Events, type Result } from "../types";
import { FakeExperiments } from "./experiments";
import { countsOf, linkFrom, noise, pointAt, steps, tripsOf, type Flow } from "./measured";
import { lengthen, lengthenRecent, lengthenSources, lengthenSteps, longName } from "./lengthy";
import type { FakeOptions } from "./options";
import { addresses, busyRoom, conversation, filesOf, longConversation, MY_DEVICE, newcomer, recentRooms, self, SOURCES } from "./people";
import { FakePicks } from "./picks";
import { Camera, type Motif } from "./pictures";
import { ANSWERS, asAsked, doneOf, OTHER_IDENTITY, refused } from "./views";

type Emit = <E extends EventName>(event: E, payload: Events[E]) => void;
type Handlers = { [C in Command]: (args: Args<C>) => Result<C> };

const MAX_TEXT_BYTES = 65_536;
const HISTORY_S = 120;

/** The state of the simulated room, and a handler for every command. */
export class FakeRoom {
  private profile: Profile;
  private settings: Settings;
  private open: RoomView | null = null;
  private readonly cameras = new Map<number, Camera>();
  /** Streams of which a picture was asked for. */
  private readonly seen = new Set<number>();
  private flows: Flow[] = [];
  private points: MetricPoint[] = [];
  private last: LastUsed = { roomName: "", source: "", format: null };
  private recent: RecentRoom[];
  private sources: SourceView[] = structuredClone(SOURCES);
  readonly picks = new FakePicks();
  private nextKey = 20_000;
  private nextStream = 10;
  private nextFile = 100;
  private readonly experiments: FakeExperiments;
  private timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    private readonly options: FakeOptions,
    private readonly emit: Emit,
  ) {
    this.experiments = new FakeExperiments(options, emit);
    this.profile = { name: options.scene === "first" ? "" : "Mara Okafor", about: "", colour: "#7a4f9a", device: MY_DEVICE };
    this.settings = { language: options.language, theme: options.theme, port: 27182, transport: "udp", downloads: "/home/mara/Downloads/Roomwire", quality: 50, leastQuality: 30, leastKbps: null, mostKbps: null, isFixed: false, staysOnUdp: false };
    this.recent = options.scene === "first" ? [] : recentRooms(Date.now());
    if (options.lengthy) {
      this.profile = { ...this.profile, name: longName(2), device: longName(3) };
      this.settings.downloads = `/home/${longName(4)}/${longName(5)}`;
      this.recent = lengthenRecent(this.recent);
      this.sources = lengthenSources(this.sources);
    }
    if (options.scene === "empty") this.enter("host", "Mara’s room", 27182);
    if (["busy", "lost", "long"].includes(options.scene)) this.enterBusy(options.role);
    if (options.scene === "lost" && this.open) this.open.link = this.lostLink(3, 4000);
  }

  /** The network of this computer is another one from now on. */
  reach(at: ReachableAt[]): void {
    if (this.open) this.open.reachableAt = at;
  }

  /** Loses the connection, as a pulled cable does. */
  lose(): void {
    if (!this.open) return;
    this.open.link = this.lostLink(1, 2000);
    this.emit("session:event", { kind: "link_changed", link: this.open.link });
  }

  /** Ends the room from the host's side. */
  close(reason: IpcError | null): void {
    this.shut();
    this.emit("session:event", { kind: "closed", reason });
  }

  /** When frames were drawn, as the page told it, by stream. */
  readonly drawn = new Map<number, DrawnFrame[]>();

  nextFrame(stream: number, after: number, drawn: DrawnFrame | null): Promise<ArrayBuffer> {
    if (drawn) this.drawn.set(stream, [...(this.drawn.get(stream) ?? []), drawn].slice(-600));
    const camera = this.cameras.get(stream);
    if (!camera) return Promise.resolve(new ArrayBuffer(0));
    // A lost connection ends every stream; a page that begins without one begins with the last pictures.
    if (this.open?.link.kind === "lost" && this.seen.has(stream)) return Promise.resolve(new ArrayBuffer(0));
    this.seen.add(stream);
    return camera.next(after);
  }

  readonly commands: Handlers = {
    ...ANSWERS,
    "session|start": () => ({
      profile: this.profile,
      profileName: null,
      settings: this.settings,
      last: this.last,
      addresses: addresses(this.settings.port),
      recent: this.recent,
      version: "0.1.0",
      downloadsFree: 41e9,
      firstRun: this.options.scene === "first",
      autoJoin: this.options.autoJoin,
    }),
    "session|save_profile": ({ profile }) => {
      if (profile.name.trim() === "") throw refused("empty");
      this.profile = profile;
      const me = this.open?.people.find((person) => person.isMe);
      if (me) {
        me.profile = profile;
        this.emit("session:event", { kind: "person_changed", person: structuredClone(me) });
      }
      return profile;
    },
    "session|save_settings": ({ settings }) => (this.settings = settings),
    "session|addresses": () => (this.open?.role === "host" ? this.open.reachableAt : addresses(this.settings.port)),
    "session|host_room": ({ name, port }) => this.enter("host", name, port),
    "session|join_room": ({ address }) => {
      if (!/^\[?[\w.:-]+\]?(:\d+)?$/.test(address)) throw refused("address_invalid", { address });
      return this.enterBusy("member", address);
    },
    "session|join_confirmed": ({ address, fingerprint }) => {
      if (fingerprint !== OTHER_IDENTITY.got) throw refused("identity_changed", { address, ...OTHER_IDENTITY });
      return this.enterBusy("member", address);
    },
    "session|forget_room": ({ address }) => ((this.recent = this.recent.filter((room) => room.address !== address)), null),
    "session|room": () => this.open,
    "session|leave_room": () => {
      this.shut();
      return null;
    },
    "session|answer_close": ({ close }) => (close ? this.commands["session|leave_room"]({}) : null),
    "session|reconnect_now": () => {
      if (this.open) {
        this.open.link = { kind: "up" };
        this.emit("session:event", { kind: "link_changed", link: { kind: "up" } });
      }
      return null;
    },
    "session|choose_downloads": () => (this.settings = { ...this.settings, downloads: "/home/mara/Lab/Received" }),
    "chat|say": ({ text }) => this.say(text),
    "chat|resend": ({ key }) => {
      const entry = this.open?.chat.find((other) => other.key === key);
      if (!entry) throw refused("no_room");
      return this.deliver({ ...entry, state: "waiting", error: null });
    },
    "files|choose_files": () => [this.picks.pick("capture-07.pcapng")],
    "files|offer_files": ({ picks, to }) => this.picks.offered(picks, (name) => this.offer(name, to)),
    "files|accept_file": ({ id }) => this.move(id, { kind: "transferring", done: 0, rate: null, secondsLeft: null }),
    "files|decline_file": ({ id }) => this.move(id, { kind: "declined" }),
    "files|cancel_file": ({ id }) => this.move(id, { kind: "cancelled" }),
    "files|pause_file": ({ id }) => this.move(id, { kind: "paused", done: doneOf(this.file(id)) }),
    "files|resume_file": ({ id }) => this.move(id, { kind: "transferring", done: doneOf(this.file(id)), rate: null, secondsLeft: null }),
    "files|open_file": ({ id }) => (/\.(jpg|png|pdf|txt)$/i.test(this.file(id).name) ? "opened" : "shown"),
    "video|sources": () => this.sources,
    "video|choose_video_file": () => ({ id: `file:${this.picks.pick("lab2.avi").handle}`, kind: "file", name: "lab2.avi", formats: [{ width: 640, height: 480, rate: 25 }] }),
    "video|start_video": ({ spec }) => this.startVideo(spec),
    "video|change_video": ({ spec }) => {
      if (!this.open?.live) throw refused("not_live");
      return this.changeVideo(spec);
    },
    "video|set_transport": ({ transport }) => {
      if (!this.open?.live) throw refused("not_live");
      return this.changeVideo({ ...this.open.live.spec, transport });
    },
    "video|stop_video": () => {
      this.stopVideo(null);
      return null;
    },
    "video|watch": ({ stream, on }) => {
      const view = this.open?.streams.find((other) => other.id === stream);
      if (view) {
        view.watching = on;
        this.emit("video:event", { kind: "changed", stream: structuredClone(view) });
      }
      return null;
    },
    "video|start_recording": ({ stream }) => {
      this.setRecording(stream, Date.now());
      return `/home/mara/Downloads/Roomwire/stream-${stream}.avi`;
    },
    "video|stop_recording": ({ stream }) => {
      const since = this.setRecording(stream, null) ?? Date.now();
      const lengthMs = Date.now() - since;
      const recorded = { path: `/home/mara/Downloads/Roomwire/stream-${stream}.avi`, films: 1, frames: Math.round(lengthMs / 33), leftOut: 0, bytes: lengthMs * 900, lengthMs };
      this.emit("video:event", { kind: "recorded", stream, recorded, error: null });
      return null;
    },
    "metrics|history": () => ({ points: this.points, links: this.links(), steps: this.open ? this.steps() : [], conditions: this.experiments.conditions, comparison: this.experiments.comparison }),
    "metrics|counts": () => this.flows.map((flow) => countsOf(flow)),
    "metrics|set_conditions": ({ conditions }) => this.experiments.setConditions(conditions),
    "metrics|start_comparison": ({ seconds }) => {
      const live = this.open?.live;
      if (!live) throw refused("not_live");
      return this.experiments.compare(live, seconds);
    },
    "metrics|stop_comparison": () => {
      this.experiments.stop();
      return null;
    },
    "metrics|trips": ({ stream, to }) => this.trips(stream, to),
  };

  /** My video ends by itself, as when its camera is pulled out. */
  stopVideo(error: IpcError | null): void {
    const live = this.open?.live;
    if (!this.open || !live) return;
    this.open.live = null;
    this.open.streams = this.open.streams.filter((stream) => stream.id !== live.stream);
    this.cameras.delete(live.stream);
    this.flows = this.flows.filter((flow) => flow.stream !== live.stream);
    this.emit("video:event", { kind: "stopped", stream: live.stream, reason: error });
    this.emit("video:event", { kind: "live", live: null, error });
  }

  private enter(role: "host" | "member", name: string, port: number): RoomView {
    if (this.open) throw refused("already_in_room");
    if (name.trim() === "") throw refused("empty");
    const me = self(role === "host" ? 0 : 2, this.profile.name, this.profile.colour);
    me.profile = this.profile;
    const reachableAt = addresses(port);
    this.open = {
      role, name, reachableAt, me: me.id, link: { kind: "up" }, people: [me], files: [], streams: [], live: null,
      address: reachableAt[0]?.address ?? `127.0.0.1:${port}`,
      fingerprint: me.fingerprint,
      chat: [],
    };
    this.open.chat.push(this.entry(me, { kind: "opened" }));
    if (this.options.alive) this.timers.push(setInterval(() => this.second(), 1000));
    return this.open;
  }

  private enterBusy(role: "host" | "member", address = "192.168.1.10:27182"): RoomView {
    const room = this.enter(role, "Networks lab 2", 27182);
    const now = Date.now();
    room.people = busyRoom(room.me, this.profile.name, this.profile.colour);
    if (role === "member") Object.assign(room, { address, reachableAt: [] });
    room.fingerprint = room.people.find((person) => person.isHost)?.fingerprint ?? room.fingerprint;
    room.chat = this.options.scene === "long" ? longConversation(room.people, now) : conversation(room.people, now);
    room.files = filesOf(room.people, room.me, now);
    const others = room.people.filter((person) => !person.isMe);
    this.addStream(others[0], "camera", "HD Webcam C270", "board", 1280, 720, 30, "udp");
    this.addStream(others[1], "camera", "FaceTime HD", "rack", 640, 480, 24, "tcp");
    this.startVideo({ source: "pattern", width: 640, height: 480, rate: 30, quality: 50, leastQuality: 30, leastKbps: null, mostKbps: null, isFixed: false, transport: "udp" });
    if (this.options.lengthy) {
      lengthen(room);
      for (const flow of this.flows) flow.peerName = longName(flow.peer);
    }
    this.backfill(now);
    if (this.options.talkMs > 0) this.timers.push(setInterval(() => this.someoneTalks(), this.options.talkMs));
    if (this.options.alive) this.timers.push(setInterval(() => this.files(), 250), setTimeout(() => this.someoneJoins(), 6000));
    return room;
  }

  private addStream(owner: Person | undefined, source: StreamView["source"], title: string, motif: Motif, width: number, height: number, rate: number, transport: Transport): StreamView {
    const id = this.nextStream++;
    const mine = owner?.isMe ?? false;
    const stream: StreamView = { id, owner: owner?.id ?? 0, ownerName: owner?.profile.name ?? "", mine, source, title, width, height, rate, transport, watching: true, recordingSinceMs: null };
    this.open?.streams.push(stream);
    this.cameras.set(id, new Camera(id, motif, width, height, rate, mine ? "local" : transport));
    const peers = mine ? (this.open?.people.filter((p) => !p.isMe && (p.isHost || this.open?.role === "host")) ?? []).slice(0, 2) : [owner];
    for (const peer of peers) {
      if (peer) this.flows.push({ stream: id, peer: peer.id, peerName: peer.profile.name, direction: mine ? "out" : "in", transport, rate, bitsPerFrame: width * height * 0.5 });
    }
    return stream;
  }

  private startVideo(spec: VideoSpec): LiveView {
    if (!this.open) throw refused("no_room");
    if (this.open.live) throw refused("already_live");
    const source = this.sources.find((other) => other.id === spec.source) ?? { kind: "file" as const, name: this.picks.name(Number(spec.source.slice("file:".length))) };
    const me = this.open.people.find((person) => person.isMe);
    const stream = this.addStream(me, source.kind, source.name, spec.source === "pattern" ? "pattern" : "rack", spec.width, spec.height, spec.rate, spec.transport);
    this.open.live = { stream: stream.id, spec, sourceName: source.name, sinceMs: Date.now(), made: asAsked(spec) };
    this.emit("video:event", { kind: "started", stream: structuredClone(stream) });
    return this.open.live;
  }

  private changeVideo(spec: VideoSpec): LiveView {
    const live = this.open?.live as LiveView;
    const stream = this.open?.streams.find((other) => other.id === live.stream) as StreamView;
    Object.assign(stream, { width: spec.width, height: spec.height, rate: spec.rate, transport: spec.transport });
    Object.assign(this.cameras.get(stream.id) ?? {}, { width: spec.width, height: spec.height, rate: spec.rate });
    for (const flow of this.flows) if (flow.stream === stream.id) flow.transport = spec.transport;
    live.spec = spec;
    live.made = asAsked(spec);
    live.sourceName = this.sources.find((source) => source.id === spec.source)?.name ?? live.sourceName;
    this.emit("video:event", { kind: "changed", stream: structuredClone(stream) });
    return live;
  }

  private say(text: string): ChatEntry {
    const me = this.open?.people.find((person) => person.isMe);
    if (!me) throw refused("no_room");
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > MAX_TEXT_BYTES) throw refused("too_long", { over: String(bytes - MAX_TEXT_BYTES) });
    if (text.trim() === "") throw refused("empty");
    const entry = this.entry(me, { kind: "text", text });
    entry.seq = null;
    entry.state = "waiting";
    return this.deliver(entry);
  }

  private deliver(entry: ChatEntry): ChatEntry {
    const chat = this.open?.chat;
    if (!chat) return entry;
    const at = chat.findIndex((other) => other.key === entry.key);
    if (at < 0) chat.push(entry);
    else chat[at] = entry;
    if (this.open?.link.kind === "up") {
      setTimeout(() => {
        const next = Math.max(0, ...chat.map((other) => other.seq ?? 0)) + 1;
        Object.assign(entry, { seq: next, state: "delivered" });
        this.emit("chat:event", { kind: "entry", entry: structuredClone(entry) });
      }, this.options.delayMs);
    }
    return entry;
  }

  private entry(from: Person, body: ChatEntry["body"]): ChatEntry {
    const key = this.nextKey++;
    const seq = (this.open?.chat.length ?? 0) + 1;
    return { key, era: 0, seq, body, from: from.id, name: from.profile.name, colour: from.profile.colour, address: from.address, mine: from.isMe, atMs: Date.now(), state: "delivered", error: null };
  }

  private offer(name: string, to: number[]): FileView {
    if (!this.open) throw refused("no_room");
    const id = this.nextFile++;
    const file: FileView = {
      id, name, size: 24_000_000, mime: "application/vnd.tcpdump.pcap", owner: this.open.me, ownerName: this.profile.name,
      mine: true, to, receivedBy: [], atMs: Date.now(), state: { kind: "transferring", done: 0, rate: null, secondsLeft: null }, preview: null,
    };
    this.open.files.push(file);
    return file;
  }

  private file(id: number): FileView {
    const file = this.open?.files.find((other) => other.id === id);
    if (!file) throw refused("file_gone");
    return file;
  }

  private move(id: number, state: FileState): null {
    const file = this.file(id);
    file.state = state;
    this.emit("files:event", { kind: "file", file: structuredClone(file) });
    return null;
  }

  /** Files go on a quarter of a second. */
  private files(): void {
    if (this.open?.link.kind !== "up") return;
    for (const file of this.open.files) {
      if (file.state.kind !== "transferring") continue;
      const rate = 10.5e6 + noise(Date.now() / 1000 + file.id) * 2e6;
      const done = file.state.done + rate / 4;
      const left = (file.size - done) / rate;
      if (left > 0) this.move(file.id, { kind: "transferring", done, rate, secondsLeft: Math.ceil(left) });
      else this.move(file.id, { kind: "done", path: file.mine ? null : `${this.settings.downloads}/${file.name}`, checked: true });
    }
  }

  private someoneJoins(): void {
    if (!this.open || this.open.link.kind !== "up") return;
    const person = newcomer(20);
    this.open.people.push(person);
    const entry = this.entry(person, { kind: "joined" });
    this.open.chat.push(entry);
    this.emit("session:event", { kind: "joined", person });
    this.emit("chat:event", { kind: "entry", entry });
  }

  private someoneTalks(): void {
    const other = this.open?.people.find((person) => !person.isMe);
    if (!this.open || !other || this.open.link.kind !== "up") return;
    const entry = this.entry(other, { kind: "text", text: `talk ${this.open.chat.length}` });
    this.open.chat.push(entry);
    this.emit("chat:event", { kind: "entry", entry });
  }

  private second(): void {
    if (!this.open || this.open.link.kind === "lost") return;
    const atMs = Date.now();
    const fresh = this.flows.map((flow) => pointAt(flow, atMs));
    this.points = [...this.points, ...fresh].slice(-3000);
    this.emit("metrics:event", { kind: "points", points: fresh, links: this.links(), conditioned: this.experiments.conditioned() });
  }

  private links() {
    return this.flows.map((flow) =>
      linkFrom(flow, this.points.filter((p) => p.stream === flow.stream && p.peer === flow.peer)),
    );
  }

  private setRecording(stream: number, since: number | null): number | null {
    const view = this.open?.streams.find((other) => other.id === stream);
    if (!view) throw refused("not_live");
    const before = view.recordingSinceMs;
    view.recordingSinceMs = since;
    this.emit("video:event", { kind: "changed", stream: structuredClone(view) });
    return before;
  }

  private steps() {
    return this.options.lengthy ? lengthenSteps(steps(Date.now())) : steps(Date.now());
  }

  private trips(stream: number, to: number | null) {
    const view = this.open?.streams.find((other) => other.id === stream);
    const flow = this.flows.find((other) => other.stream === stream && other.peer === to) ?? null;
    if (!view || (to !== null && !flow)) return [];
    return tripsOf(stream, view.rate, view.width * view.height * 0.5, flow, view.mine ? "mine" : "theirs", Date.now());
  }

  private backfill(now: number): void {
    for (let s = HISTORY_S; s >= 0; s -= 1) this.points.push(...this.flows.map((flow) => pointAt(flow, now - s * 1000)));
  }

  private lostLink(attempt: number, retryInMs: number): LinkState {
    return { kind: "lost", attempt, retryInMs, atMs: Date.now() - 8000, reason: { code: "timed_out", message: "no answer", context: {} } };
  }

  private shut(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
    this.cameras.clear();
    this.flows = [];
    this.points = [];
    this.experiments.clear();
    this.open = null;
  }
}
