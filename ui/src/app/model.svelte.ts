import type {
  ChatEntry,
  DragView,
  IpcError,
  LogEntryView,
  RecordedView,
  RoomView,
  SessionEvent,
} from "../bindings/contract";
import { chatApi, type ChatApi } from "../chat/api";
import { ChatStore } from "../chat/store.svelte";
import { transcript } from "../chat/transcript";
import { filesApi } from "../files/api";
import { FilesStore } from "../files/store.svelte";
import { asIpcError, type Backend } from "../backend/types";
import { metricsApi } from "../metrics/api";
import { MetricsStore } from "../metrics/store.svelte";
import { sessionApi, type SessionApi } from "../session/api";
import { SessionStore } from "../session/store.svelte";
import { explain } from "../shared/errors";
import { elapsed, whole } from "../shared/format";
import { setLanguage, t } from "../shared/i18n/index.svelte";
import { applyTheme } from "../shared/theme";
import type { Part } from "../shared/part";
import { Toasts } from "../shared/toasts.svelte";
import { videoApi } from "../video/api";
import { VideoStore } from "../video/store.svelte";
import { Gate } from "./gate";
import { Zoom } from "./zoom";

/** What fills the window while in a room. */
export type View = "room" | "wire";

/** Everything the window shows. One store for each capability; only what concerns two of them stands here. */
export class Model {
  readonly session: SessionStore;
  readonly chat: ChatStore;
  readonly files: FilesStore;
  readonly video: VideoStore;
  readonly metrics: MetricsStore;
  readonly toasts = new Toasts();

  view = $state<View>("room");
  settingsOpen = $state(false);
  /** What would be lost by closing the window, while that is asked. */
  closing = $state.raw<{ others: number; moving: number } | null>(null);
  /** What was said in a room that ended without my asking, until another is entered or it is put away. */
  past = $state.raw<{ name: string; entries: ChatEntry[] } | null>(null);
  /** Whether that is being read. */
  reading = $state(false);

  readonly zoom: Zoom;
  private readonly gate = new Gate();
  private readonly sessionApi: SessionApi;
  private readonly chatApi: ChatApi;
  /** What there is in a room, beside who is in it. */
  private readonly parts: Part[];

  constructor(backend: Backend) {
    this.zoom = new Zoom((factor) => backend.setZoom(factor));
    this.sessionApi = sessionApi(backend);
    this.chatApi = chatApi(backend);
    this.session = new SessionStore(this.sessionApi);
    this.chat = new ChatStore(this.chatApi);
    this.files = new FilesStore(filesApi(backend));
    this.video = new VideoStore(videoApi(backend));
    this.metrics = new MetricsStore(metricsApi(backend));
    this.parts = [this.chat, this.files, this.video, this.metrics];
    this.files.onDrag = (drag) => this.applyDrag(drag);
    this.metrics.onLogged = (entry) => this.notifyLogged(entry);
    this.video.onRecorded = (recorded, error) => this.notifyRecorded(recorded, error);
  }

  /** Listens, asks who I am, and returns to the room if this window is already in one. */
  async open(): Promise<void> {
    const pass = (apply: () => void) => this.gate.pass(apply);
    await Promise.all([
      this.sessionApi.onEvent((event) => pass(() => this.applySession(event))),
      ...this.parts.map((part) => part.listen(pass)),
    ]);
    const autoJoin = await this.session.open();
    if (!this.session.ready) return;
    this.video.useLast(this.session.last);
    this.followSettings();
    await this.readRoom();
    if (autoJoin && !this.session.room) await this.join(autoJoin);
  }

  /** Puts the settings in force. */
  followSettings(): void {
    const { language, theme } = this.session.settings;
    setLanguage(language);
    applyTheme(theme);
    void this.video.useDefaults(this.session.settings);
  }

  hostRoom(name: string, port: number): Promise<void> {
    return this.entering(() => this.session.host(name, port));
  }

  join(address: string): Promise<void> {
    return this.entering(() => this.session.join(address));
  }

  joinConfirmed(address: string, fingerprint: string): Promise<void> {
    return this.entering(() => this.session.joinConfirmed(address, fingerprint));
  }

  async startRoomsAnew(): Promise<void> {
    const path = await this.session.startRoomsAnew();
    if (path !== null) this.toasts.show(t("start.anewDone", { path }));
  }

  tryHere(name: string, port: number): Promise<void> {
    return this.entering(() => this.session.tryHere(name, port));
  }

  async leave(): Promise<void> {
    try {
      await this.session.leave();
    } catch (thrown) {
      this.session.fail("join", asIpcError(thrown));
    }
    if (!this.session.room) this.emptyRoom();
  }

  private async entering(enter: () => Promise<RoomView | null>): Promise<void> {
    const view = await this.gate.during(async () => {
      const entered = await enter();
      if (entered) this.show(entered);
      return entered;
    });
    if (view) await Promise.all([this.video.loadSources(), this.gate.during(() => this.metrics.load())]);
  }

  /** Reads the whole room anew: after a reload of the page, and after a reconnection. */
  private async readRoom(): Promise<void> {
    await this.gate.during(async () => {
      const view = await this.sessionApi.room();
      if (!view) return;
      this.show(view);
      await Promise.all([this.video.loadSources(), this.metrics.load()]);
    });
  }

  private show(view: RoomView): void {
    this.session.enter(view);
    this.past = null;
    this.reading = false;
    for (const part of this.parts) part.enter?.(view);
  }

  private applySession(event: SessionEvent): void {
    const wasLost = this.session.link.kind === "lost";
    if (event.kind === "closed" && event.reason) this.keepConversation();
    this.session.apply(event);
    if (event.kind === "close_asked") {
      this.closing = { others: event.others, moving: event.moving };
    } else if (event.kind === "closed") {
      this.emptyRoom();
      void this.session.refreshStart().catch(() => undefined); // the start screen shows what it knew
    } else if (event.kind === "link_changed" && event.link.kind === "lost") {
      this.video.hold();
    } else if (event.kind === "link_changed" && wasLost && event.link.kind === "up") {
      void this.readRoom().catch(() => undefined); // events go on to say what changes
    }
  }

  /** Answers whether the window closes. */
  async answerClose(close: boolean): Promise<void> {
    this.closing = null;
    await this.sessionApi
      .answerClose(close)
      .catch((thrown: unknown) => this.toasts.show(explain(asIpcError(thrown)).what, "bad"));
  }

  /** A host that goes takes the room away, and not what was said in it. */
  private keepConversation(): void {
    const { room } = this.session;
    if (!room || !this.chat.entries.some((entry) => entry.body.kind === "text")) return;
    this.past = { name: room.name, entries: this.chat.entries };
    this.reading = true;
  }

  /** Writes what was said in the room that ended to a file of a person's choice. */
  async savePast(): Promise<void> {
    if (!this.past) return;
    try {
      const path = await this.chatApi.save(transcript(this.past.name, this.past.entries));
      if (path !== null) this.toasts.show(t("past.saved", { path }));
    } catch (thrown) {
      this.toasts.show(explain(asIpcError(thrown)).what, "bad");
    }
  }

  /** What was found out about the room's identity is said at once, and not in the event log only. */
  private notifyLogged({ code, context }: LogEntryView): void {
    if (code === "known_room") this.toasts.show(t("log.known_room", context));
    else if (code === "known_room_lost") this.toasts.show(t("log.known_room_lost"), "bad");
  }

  /** Files can be dropped where the room shows what becomes of them, and nowhere else. */
  private applyDrag(drag: DragView): void {
    const takes = this.session.room !== null && this.view === "room" && !this.settingsOpen;
    this.files.dragged = takes && drag.kind === "over";
    if (takes && drag.kind === "dropped") void this.files.offer(drag.picks);
  }

  private notifyRecorded({ files: [path], frames, lengthMs }: RecordedView, error: IpcError | null): void {
    if (error)
      this.toasts.show(`${explain(error).what} ${path === undefined ? "" : t("video.recordedUntil", { path })}`, "bad");
    else if (path === undefined) this.toasts.show(t("video.recordedNothing"), "bad");
    else this.toasts.show(t("video.recorded", { path, length: elapsed(lengthMs), frames: whole(frames) }));
  }

  private emptyRoom(): void {
    for (const part of this.parts) part.clear();
    this.view = "room";
    this.closing = null;
    void this.video.useDefaults(this.session.settings);
  }
}
