import type { IpcError, ReachableAt, RoomView } from "../../bindings/contract";
import { FakeChat } from "./chat";
import { FakeFiles } from "./files";
import { lengthen, longName } from "./lengthy";
import { FakeMetrics } from "./metrics";
import type { FakeOptions } from "./options";
import { addresses, busyRoom, conversation, filesOf, longConversation, self } from "./people";
import { FakePicks } from "./picks";
import { FakeSession, lostLink } from "./session";
import { RoomState, type Emit, type Handlers } from "./state";
import { FakeVideo } from "./video";
import { refused } from "./views";

/** The simulated room: one object for each capability, and what opens and closes all of them. */
export class FakeRoom {
  readonly picks = new FakePicks();
  readonly commands: Handlers;
  private readonly state: RoomState;
  private readonly session: FakeSession;
  private readonly chat: FakeChat;
  private readonly files: FakeFiles;
  private readonly video: FakeVideo;
  private readonly metrics: FakeMetrics;

  constructor(
    private readonly options: FakeOptions,
    private readonly emit: Emit,
  ) {
    this.state = new RoomState(options, emit);
    this.chat = new FakeChat(this.state);
    this.session = new FakeSession(this.state, this.chat, {
      host: (name, port) => this.enter("host", name, port),
      join: (address) => this.enterBusy("member", address),
      leave: () => this.shut(),
    });
    this.files = new FakeFiles(this.state, this.picks);
    this.video = new FakeVideo(this.state, this.picks);
    this.metrics = new FakeMetrics(this.state, this.video);
    this.commands = {
      ...this.session.commands,
      ...this.chat.commands,
      ...this.files.commands,
      ...this.video.commands,
      ...this.metrics.commands,
    };
    if (options.scene === "empty") this.enter("host", "Mara’s room", 27182);
    if (["busy", "lost", "long"].includes(options.scene)) this.enterBusy(options.role);
    if (options.closeMs > 0) {
      const gone = { code: "host_gone", message: "the room was closed", context: {} } as const;
      this.state.after(options.closeMs, () => this.close(gone));
    }
    if (options.scene === "lost") this.session.changeLink(lostLink(3, 4000));
  }

  /** The network of this computer is another one from now on. */
  reach(at: ReachableAt[]): void {
    this.session.reach(at);
  }

  /** Loses the connection, as a pulled cable does. */
  lose(): void {
    this.session.changeLink(lostLink(1, 2000));
  }

  /** Ends the room from the host's side. */
  close(reason: IpcError | null): void {
    this.shut();
    this.emit("session:event", { kind: "closed", reason });
  }

  /** My video ends by itself, as when its camera is pulled out. */
  stopVideo(error: IpcError | null): void {
    this.video.stop(error);
  }

  nextFrame(stream: number, after: number): Promise<ArrayBuffer> {
    return this.video.nextFrame(stream, after);
  }

  private enter(role: "host" | "member", name: string, port: number): RoomView {
    if (this.state.open) throw refused("already_in_room");
    if (name.trim() === "") throw refused("empty");
    const me = self(role === "host" ? 0 : 2, this.state.profile.name, this.state.profile.colour);
    me.profile = this.state.profile;
    const reachableAt = addresses(port);
    const room: RoomView = {
      role,
      name,
      reachableAt,
      me: me.id,
      link: { kind: "up" },
      people: [me],
      files: [],
      streams: [],
      live: null,
      address: reachableAt[0]?.address ?? `127.0.0.1:${port}`,
      fingerprint: me.fingerprint,
      chat: [this.chat.entry(me, { kind: "opened" })],
    };
    this.state.open = room;
    if (this.options.alive) this.state.every(1000, () => this.metrics.second());
    return room;
  }

  private enterBusy(role: "host" | "member", address = "192.168.1.10:27182"): RoomView {
    const room = this.enter(role, "Networks lab 2", 27182);
    const now = Date.now();
    const { name, colour } = this.state.profile;
    room.people = busyRoom(room.me, name, colour);
    if (role === "member") Object.assign(room, { address, reachableAt: [] });
    room.fingerprint = room.people.find((person) => person.isHost)?.fingerprint ?? room.fingerprint;
    room.chat = this.options.scene === "long" ? longConversation(room.people, now) : conversation(room.people, now);
    room.files = filesOf(room.people, room.me, now);
    const others = room.people.filter((person) => !person.isMe);
    this.video.addCamera(others[0], "HD Webcam C270", "board", {
      width: 1280,
      height: 720,
      rate: 30,
      transport: "udp",
    });
    this.video.addCamera(others[1], "FaceTime HD", "rack", { width: 640, height: 480, rate: 24, transport: "tcp" });
    this.video.start({
      source: "pattern",
      width: 640,
      height: 480,
      rate: 30,
      quality: 50,
      leastQuality: 30,
      leastKbps: null,
      mostKbps: null,
      isFixed: false,
      transport: "udp",
    });
    if (this.options.lengthy) {
      lengthen(room);
      for (const flow of this.video.flows) flow.peerName = longName(flow.peer);
    }
    this.metrics.backfill(now);
    if (this.options.talkMs > 0) this.state.every(this.options.talkMs, () => this.chat.talk());
    if (this.options.alive) {
      this.state.every(250, () => this.files.quarterSecond());
      this.state.after(6000, () => this.session.join());
    }
    return room;
  }

  private shut(): void {
    this.state.shut();
    this.video.clear();
    this.metrics.clear();
  }
}
