import type {
  DrawnFrame,
  IpcError,
  LiveView,
  RecordedView,
  RoomView,
  SourceFormat,
  SourceView,
  StreamView,
  Transport,
  VideoEvent,
  PublishOptionsView,
} from "../bindings/contract";
import { asIpcError } from "../backend/types";
import type { Part } from "../shared/part";
import type { VideoApi } from "./api";
import { Sight } from "./sight";

/** What my next video starts with; while live, the same choices change it at once. */
export type Choice = {
  source: string;
  format: SourceFormat | null;
  quality: number;
  transport: Transport;
  leastQuality: number;
  leastKbps: number | null;
  mostKbps: number | null;
  isFixed: boolean;
};

/** What the settings say of my video. */
type Defaults = Pick<
  PublishOptionsView,
  "transport" | "quality" | "leastQuality" | "leastKbps" | "mostKbps" | "isFixed"
>;

export const PATTERN = "pattern";
/** How long a stream stays after its end, in milliseconds. */
const ENDS_AFTER_MS = 300;

export class VideoStore implements Part {
  streams = $state.raw<StreamView[]>([]);
  live = $state.raw<LiveView | null>(null);
  sources = $state.raw<SourceView[]>([]);
  choice = $state.raw<Choice>({
    source: PATTERN,
    format: null,
    quality: 50,
    transport: "udp",
    leastQuality: 30,
    leastKbps: null,
    mostKbps: null,
    isFixed: false,
  });
  /** A request about my video is in progress. */
  busy = $state(false);
  /** Why my video did not start, did not change, or ended. */
  error = $state.raw<IpcError | null>(null);
  /** What a person chose to see large; null lets the stage choose. */
  chosen = $state<number | null>(null);

  source = $derived(this.sources.find((source) => source.id === this.choice.source) ?? null);
  /** The stream shown large: the chosen one, else someone else's, else mine. */
  large = $derived(
    this.streams.find((stream) => stream.id === this.chosen) ??
      this.streams.find((stream) => !stream.mine) ??
      this.streams[0] ??
      null,
  );

  /** The streams that this window's person does not want to see. */
  declined = $state.raw<ReadonlySet<number>>(new Set());
  /** Which streams are looked at. */
  readonly sight = new Sight((stream, on) => void this.followSight(stream, on));

  /** A recording ended, here or by itself. */
  onRecorded: ((recorded: RecordedView, error: IpcError | null) => void) | null = null;

  private isHeld = false;
  /** Streams that ended a moment ago. */
  private readonly ending = new Map<number, ReturnType<typeof setTimeout>>();

  constructor(private readonly api: VideoApi) {}

  listen(pass: (apply: () => void) => void): Promise<unknown> {
    return this.api.onEvent((event) => pass(() => this.apply(event)));
  }

  enter(room: RoomView): void {
    this.reset(room.streams, room.live);
    if (room.link.kind === "lost") this.hold();
  }

  reset(streams: StreamView[], live: LiveView | null): void {
    this.streams = streams;
    this.live = live;
    this.error = null;
    this.isHeld = false;
    this.keepEnding();
    this.forgetOthers();
    // A connection that came back watches everything again.
    for (const { id, mine, watching, recordingSinceMs } of streams) {
      const wanted = recordingSinceMs !== null || (this.sight.isLookedAt(id) && !this.declined.has(id));
      if (!mine && watching && !wanted) void this.ask(id, false);
    }
    if (live) this.adopt(live);
  }

  /** The connection is lost: what was seen last stays, until the room is read anew. */
  hold(): void {
    this.isHeld = true;
    this.keepEnding();
  }

  clear(): void {
    this.reset([], null);
    this.chosen = null;
    this.busy = false;
  }

  /** Takes on what the settings say my video starts with; how far it may be adapted holds while live, too. */
  async useDefaults({ transport, quality, leastQuality, leastKbps, mostKbps, isFixed }: Defaults): Promise<void> {
    const before = this.choice;
    const same =
      before.leastQuality === leastQuality &&
      before.leastKbps === leastKbps &&
      before.mostKbps === mostKbps &&
      before.isFixed === isFixed;
    this.choice = { ...before, leastQuality, leastKbps, mostKbps, isFixed };
    if (!this.live) this.choice = { ...this.choice, transport, quality };
    else if (!same) await this.changeIfLive();
  }

  apply(event: VideoEvent): void {
    switch (event.kind) {
      case "started":
      case "changed":
        this.put(event.stream);
        break;
      case "stopped":
        this.end(event.stream);
        break;
      case "live":
        this.live = event.live;
        if (!event.live) this.removeMine();
        // What is being asked for at this moment is adopted with its answer.
        if (event.live && !this.busy) this.adopt(event.live);
        if (event.error) this.error = event.error;
        break;
      case "recorded":
        this.onRecorded?.(event.recorded, event.error);
        break;
    }
  }

  async loadSources(): Promise<void> {
    try {
      const files = this.sources.filter((source) => source.kind === "file");
      const found = await this.api.sources();
      const known = new Set(found.map((source) => source.id));
      this.sources = [...found, ...files.filter((file) => !known.has(file.id))];
      this.settleFormat();
    } catch (thrown) {
      this.error = asIpcError(thrown);
    }
  }

  /** Chooses another source; while live it replaces the one that is sent. */
  async useSource(id: string): Promise<void> {
    this.choice = { ...this.choice, source: id };
    this.settleFormat();
    await this.changeIfLive();
  }

  /** Lets a video file be chosen and uses it. */
  async useFile(): Promise<void> {
    try {
      const file = await this.api.chooseFile();
      if (!file) return;
      this.sources = [...this.sources.filter((source) => source.id !== file.id), file];
      await this.useSource(file.id);
    } catch (thrown) {
      this.error = asIpcError(thrown);
    }
  }

  async useFormat(format: SourceFormat): Promise<void> {
    this.choice = { ...this.choice, format };
    await this.changeIfLive();
  }

  async useQuality(quality: number): Promise<void> {
    this.choice = { ...this.choice, quality };
    await this.changeIfLive();
  }

  /** TCP or UDP, at once, live or not. */
  async useTransport(transport: Transport): Promise<void> {
    const before = this.choice.transport;
    this.choice = { ...this.choice, transport };
    if (!this.live) return;
    const kept = await this.during(async () => this.api.setTransport(transport));
    if (!kept) this.choice = { ...this.choice, transport: before };
  }

  /** Begins with what was live last, where it is still there. */
  useLast({ source, format }: { source: string; format: SourceFormat | null }): void {
    if (source !== "" && !this.live) this.choice = { ...this.choice, source, format };
  }

  async start(): Promise<void> {
    const spec = this.spec();
    if (spec) await this.during(() => this.api.start(spec));
  }

  /** Starts with this source after another one failed. */
  async startWith(id: string): Promise<void> {
    this.choice = { ...this.choice, source: id };
    this.settleFormat();
    await this.start();
  }

  async stop(): Promise<void> {
    if (!this.live) return;
    await this.during(async () => {
      await this.api.stop();
      return null;
    });
  }

  nextFrame(stream: number, after: number, drawn: DrawnFrame | null): Promise<ArrayBuffer> {
    return this.api.nextFrame(stream, after, drawn);
  }

  /** Shows a stream, or no longer, as its viewer wants. */
  async watch(stream: number, on: boolean): Promise<void> {
    const declined = new Set(this.declined);
    if (on) declined.delete(stream);
    else declined.add(stream);
    this.declined = declined;
    await this.ask(stream, on && this.sight.isLookedAt(stream));
  }

  /** What is recorded is watched whether it is in sight or not. */
  private async followSight(stream: number, on: boolean): Promise<void> {
    const view = this.streams.find((other) => other.id === stream);
    if (!view || view.mine || this.declined.has(stream) || (!on && view.recordingSinceMs !== null)) return;
    await this.ask(stream, on);
  }

  private async ask(stream: number, on: boolean): Promise<void> {
    await this.api.watch(stream, on).catch(() => undefined); // a stream that just ended needs no word
  }

  saveSnapshot(stream: number): Promise<string> {
    return this.api.saveSnapshot(stream);
  }

  /** Begins to record a stream, or ends it; an event reports what a recording has become. */
  async record(stream: number, on: boolean): Promise<void> {
    await (on ? this.api.startRecording(stream) : this.api.stopRecording(stream));
  }

  /** What would be sent now; null while no source is known. */
  spec(): PublishOptionsView | null {
    const { source, format, quality, transport, leastQuality, leastKbps, mostKbps, isFixed } = this.choice;
    if (!this.source) return null;
    // What a source that may not be looked at offers is not known: it is asked for its own, and says why not.
    const { width, height, rate } = format ?? { width: 0, height: 0, rate: 0 };
    return { source, width, height, rate, quality, leastQuality, leastKbps, mostKbps, isFixed, transport };
  }

  private async changeIfLive(): Promise<void> {
    const spec = this.spec();
    const before = this.live;
    if (!before || !spec) return;
    const kept = await this.during(() => this.api.change(spec));
    if (!kept && this.live) this.adopt(this.live);
  }

  private async during(run: () => Promise<LiveView | null>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.error = null;
    try {
      this.live = await run();
      if (this.live) this.adopt(this.live);
      return true;
    } catch (thrown) {
      this.error = asIpcError(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** The choices follow what is really sent. */
  private adopt(live: LiveView): void {
    const { source, width, height, rate, quality, transport, leastQuality, leastKbps, mostKbps, isFixed } = live.spec;
    this.choice = {
      source,
      format: { width, height, rate },
      quality,
      transport,
      leastQuality,
      leastKbps,
      mostKbps,
      isFixed,
    };
  }

  /** A format that the chosen source has: the one in force, else the likest, else its first. */
  private settleFormat(): void {
    const source = this.source ?? this.sources.find((other) => other.id === PATTERN) ?? this.sources[0] ?? null;
    if (!source) return;
    const wanted = this.choice.format;
    const same = source.formats.find((format) => wanted !== null && sameFormat(format, wanted));
    const format = same ?? preferred(source.formats);
    this.choice = { ...this.choice, source: source.id, format };
  }

  /**
   * A stream ended. When the connection is lost, all of them end a moment before that is known: they stay that long, so that the
   * last pictures are still there to be held. That mine ended by itself is said by the end of my video.
   */
  private end(id: number): void {
    if (!this.isHeld)
      this.ending.set(
        id,
        setTimeout(() => this.remove(id), ENDS_AFTER_MS),
      );
  }

  /** My video is over, and its picture with it. */
  private removeMine(): void {
    for (const { id, mine } of this.streams) if (mine) this.remove(id);
  }

  private remove(id: number): void {
    clearTimeout(this.ending.get(id));
    this.ending.delete(id);
    this.streams = this.streams.filter((stream) => stream.id !== id);
    this.forgetOthers();
  }

  /** What is about to be taken away is not. */
  private keepEnding(): void {
    for (const timer of this.ending.values()) clearTimeout(timer);
    this.ending.clear();
  }

  private forgetOthers(): void {
    const ids = this.streams.map((stream) => stream.id);
    this.sight.keepOnly(ids);
    this.declined = new Set([...this.declined].filter((id) => ids.includes(id)));
  }

  private put(stream: StreamView): void {
    const before = this.streams.find((other) => other.id === stream.id);
    if (
      before &&
      before.recordingSinceMs !== null &&
      stream.recordingSinceMs === null &&
      !this.sight.isLookedAt(stream.id)
    )
      void this.ask(stream.id, false);
    clearTimeout(this.ending.get(stream.id));
    this.ending.delete(stream.id);
    const at = this.streams.findIndex((other) => other.id === stream.id);
    this.streams = at < 0 ? [...this.streams, stream] : this.streams.with(at, stream);
  }
}

export function sameFormat(a: SourceFormat, b: SourceFormat): boolean {
  return a.width === b.width && a.height === b.height && a.rate === b.rate;
}

/** 640×480 at 30 frames/s or the nearest to it: fluent on any machine that can show video at all. */
function preferred(formats: SourceFormat[]): SourceFormat | null {
  const distance = (f: SourceFormat) => Math.abs(f.width * f.height - 640 * 480) / 1e4 + Math.abs(f.rate - 30);
  return formats.reduce<SourceFormat | null>((best, f) => (best && distance(best) <= distance(f) ? best : f), null);
}
