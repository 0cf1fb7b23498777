import type { IpcError, LiveView, Person, SourceView, StreamView, PublishOptionsView } from "../../bindings/contract";
import { lengthenSources } from "./lengthy";
import type { Flow } from "./measured";
import { SOURCES } from "./people";
import type { FakePicks } from "./picks";
import { Camera, type Motif } from "./pictures";
import type { HandlersOf, RoomState } from "./state";
import { refused } from "./views";

/** Which streams exist, and their frames. */
export class FakeVideo {
  /** What each stream sends or receives, by peer. */
  flows: Flow[] = [];
  private readonly cameras = new Map<number, Camera>();
  /** Streams of which a frame was requested. */
  private readonly seen = new Set<number>();
  private readonly sources: SourceView[];
  private nextStream = 10;

  constructor(
    private readonly state: RoomState,
    private readonly picks: FakePicks,
  ) {
    this.sources = state.options.lengthy ? lengthenSources(SOURCES) : structuredClone(SOURCES);
  }

  readonly commands: HandlersOf<"video"> = {
    "video|sources": () => this.sources,
    "video|choose_video_file": () => ({
      id: `file:${this.picks.pick("lab2.avi").handle}`,
      kind: "file",
      name: "lab2.avi",
      formats: [{ width: 640, height: 480, rate: 25 }],
    }),
    "video|start_video": ({ spec }) => this.start(spec),
    "video|change_video": ({ spec }) => this.change(spec),
    "video|set_transport": ({ transport }) => this.change({ ...this.live.spec, transport }),
    "video|stop_video": () => (this.stop(null), null),
    "video|watch": ({ stream, on }) => {
      const view = this.find(stream);
      if (view) {
        view.watching = on;
        this.state.emit("video:event", { kind: "changed", stream: structuredClone(view) });
      }
      return null;
    },
    "video|save_snapshot": ({ stream }) => `/home/mara/Pictures/Roomwire/stream-${stream}.jpg`,
    "video|start_recording": ({ stream }) => {
      this.setRecording(stream, Date.now());
      return `/home/mara/Downloads/Roomwire/stream-${stream}.avi`;
    },
    "video|stop_recording": ({ stream }) => {
      const since = this.setRecording(stream, null) ?? Date.now();
      const lengthMs = Date.now() - since;
      const recorded = {
        files: [`/home/mara/Downloads/Roomwire/stream-${stream}.avi`],
        times: `/home/mara/Downloads/Roomwire/stream-${stream}.csv`,
        frames: Math.round(lengthMs / 33),
        leftOut: 0,
        bytes: lengthMs * 900,
        lengthMs,
      };
      this.state.emit("video:event", { kind: "recorded", stream, recorded, error: null });
      return null;
    },
  };

  find(id: number): StreamView | null {
    return this.state.open?.streams.find((stream) => stream.id === id) ?? null;
  }

  nextFrame(stream: number, after: number): Promise<ArrayBuffer> {
    const camera = this.cameras.get(stream);
    if (!camera) return Promise.resolve(new ArrayBuffer(0));
    // A lost connection ends every stream; a page that begins without one begins with the last frames.
    if (this.state.open?.link.kind === "lost" && this.seen.has(stream)) return Promise.resolve(new ArrayBuffer(0));
    this.seen.add(stream);
    return camera.next(after);
  }

  /** A stream of `owner` from the camera `title`, which shows `motif`. */
  addCamera(owner: Person | undefined, title: string, motif: Motif, { width, height, rate, transport }: Picture): void {
    this.add(owner, "camera", title, motif, { width, height, rate, transport });
  }

  start(spec: PublishOptionsView): LiveView {
    const { room, me } = this.state;
    if (room.live) throw refused("already_live");
    const source = this.sources.find((other) => other.id === spec.source) ?? {
      kind: "file" as const,
      name: this.picks.name(Number(spec.source.slice("file:".length))),
    };
    const stream = this.add(
      me ?? undefined,
      source.kind,
      source.name,
      spec.source === "pattern" ? "pattern" : "rack",
      spec,
    );
    room.live = {
      stream: stream.id,
      spec,
      sourceName: source.name,
      staysOnUdp: false,
      sinceMs: Date.now(),
      made: asAsked(spec),
    };
    this.state.emit("video:event", { kind: "started", stream: structuredClone(stream) });
    return room.live;
  }

  /** My video ends: by a command, or (`error`) by itself, as when its camera is pulled out. */
  stop(error: IpcError | null): void {
    const { open } = this.state;
    const live = open?.live;
    if (!open || !live) return;
    open.live = null;
    open.streams = open.streams.filter((stream) => stream.id !== live.stream);
    this.cameras.delete(live.stream);
    this.flows = this.flows.filter((flow) => flow.stream !== live.stream);
    this.state.emit("video:event", { kind: "stopped", stream: live.stream, reason: error });
    this.state.emit("video:event", { kind: "live", live: null, error });
  }

  clear(): void {
    this.cameras.clear();
    this.flows = [];
  }

  /** My video; a command that needs one is refused without. */
  get live(): LiveView {
    const live = this.state.open?.live;
    if (!live) throw refused("not_live");
    return live;
  }

  private add(
    owner: Person | undefined,
    source: StreamView["source"],
    title: string,
    motif: Motif,
    { width, height, rate, transport }: Picture,
  ): StreamView {
    const id = this.nextStream++;
    const mine = owner?.isMe ?? false;
    const stream: StreamView = {
      id,
      owner: owner?.id ?? 0,
      ownerName: owner?.profile.name ?? "",
      mine,
      source,
      title,
      width,
      height,
      rate,
      transport,
      watching: true,
      recordingSinceMs: null,
    };
    this.state.open?.streams.push(stream);
    this.cameras.set(id, new Camera(id, motif, width, height, rate, mine ? "local" : transport));
    for (const peer of mine ? this.viewers() : [owner]) {
      if (peer)
        this.flows.push({
          stream: id,
          peer: peer.id,
          peerName: peer.profile.name,
          direction: mine ? "out" : "in",
          transport,
          rate,
          bitsPerFrame: width * height * 0.5,
        });
    }
    return stream;
  }

  /** Who is sent my video: the host, or a host's first two members. */
  private viewers(): Person[] {
    const { room } = this.state;
    return room.people.filter((person) => !person.isMe && (person.isHost || room.role === "host")).slice(0, 2);
  }

  private change(spec: PublishOptionsView): LiveView {
    const { live } = this;
    const stream = this.find(live.stream) as StreamView;
    const { width, height, rate, transport } = spec;
    Object.assign(stream, { width, height, rate, transport });
    Object.assign(this.cameras.get(stream.id) ?? {}, { width, height, rate });
    for (const flow of this.flows) if (flow.stream === stream.id) flow.transport = transport;
    live.spec = spec;
    live.made = asAsked(spec);
    live.sourceName = this.sources.find((source) => source.id === spec.source)?.name ?? live.sourceName;
    this.state.emit("video:event", { kind: "changed", stream: structuredClone(stream) });
    return live;
  }

  private setRecording(stream: number, since: number | null): number | null {
    const view = this.find(stream);
    if (!view) throw refused("not_live");
    const before = view.recordingSinceMs;
    view.recordingSinceMs = since;
    this.state.emit("video:event", { kind: "changed", stream: structuredClone(view) });
    return before;
  }
}

type Picture = Pick<StreamView, "width" | "height" | "rate" | "transport">;

function asAsked({ quality, width, height, rate }: PublishOptionsView): LiveView["made"] {
  return { quality, width, height, rate };
}
