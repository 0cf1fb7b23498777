import type { DragView, FilesEvent, FileView, IpcError, NotOffered, Pick, RoomView } from "../bindings/contract";
import { asIpcError } from "../backend/types";
import type { Part } from "../shared/part";
import type { FilesApi } from "./api";

/** The most files remembered: as many as a room has on offer. */
export const MAX_FILES = 1000;

/** What can be done with one file. */
export type FileAction = "accept" | "decline" | "cancel" | "pause" | "resume" | "open" | "show";

export class FilesStore implements Part {
  /** Oldest first. */
  files = $state.raw<FileView[]>([]);
  /** Why the last choice or offer came to nothing. */
  error = $state.raw<IpcError | null>(null);
  /** Why the last action on a file came to nothing, by file. */
  actionErrors = $state.raw<Record<number, IpcError>>({});
  /** What was picked last and could not be offered. */
  failed = $state.raw<NotOffered[]>([]);
  /** Files that were shown in their folder though they were to be opened. */
  shown = $state.raw<ReadonlySet<number>>(new Set());
  choosing = $state(false);
  /** Whether files are dragged over the window. */
  dragged = $state(false);

  /** Offers that wait for my decision. */
  undecided = $derived(this.files.filter((file) => !file.mine && file.state.kind === "offered").length);

  /** Files are dragged over the window, or dropped on it. */
  onDrag: ((drag: DragView) => void) | null = null;

  constructor(private readonly api: FilesApi) {}

  listen(pass: (apply: () => void) => void): Promise<unknown> {
    return this.api.onEvent((event) => {
      if (event.kind === "drag") this.onDrag?.(event.drag);
      else pass(() => this.apply(event));
    });
  }

  enter(room: RoomView): void {
    this.reset(room.files);
  }

  reset(files: FileView[]): void {
    this.files = bounded([...files].sort(byTime));
    this.error = null;
    this.failed = [];
    this.actionErrors = {};
    this.shown = new Set();
  }

  clear(): void {
    this.reset([]);
  }

  apply(event: FilesEvent): void {
    if (event.kind === "removed") this.files = this.files.filter((file) => file.id !== event.id);
    else if (event.kind === "file") this.put(event.file);
  }

  /** Lets files be chosen and offers them to `to` (nobody named: everyone). */
  async chooseAndOffer(to: number[] = []): Promise<void> {
    if (this.choosing) return;
    this.choosing = true;
    this.error = null;
    try {
      const picks = await this.api.choose();
      if (picks.length > 0) await this.offer(picks, to);
    } catch (thrown) {
      this.error = asIpcError(thrown);
    } finally {
      this.choosing = false;
    }
  }

  /** Offers what was picked to `to` (nobody named: everyone). What cannot be offered is named; all else is. */
  async offer(picks: Pick[], to: number[] = []): Promise<void> {
    this.error = null;
    this.failed = [];
    try {
      const offered = await this.api.offer(
        picks.map((pick) => pick.handle),
        to,
      );
      for (const file of offered.files) this.put(file);
      this.failed = offered.failed;
    } catch (thrown) {
      this.error = asIpcError(thrown);
    }
  }

  async act(id: number, action: FileAction): Promise<void> {
    this.dismiss(id);
    try {
      const came = await this.api[action](id);
      if (action === "open") this.noteOpened(id, came === "shown");
    } catch (thrown) {
      this.actionErrors = { ...this.actionErrors, [id]: asIpcError(thrown) };
    }
  }

  dismiss(id: number): void {
    if (!(id in this.actionErrors)) return;
    const rest = { ...this.actionErrors };
    delete rest[id];
    this.actionErrors = rest;
  }

  private noteOpened(id: number, isShown: boolean): void {
    const shown = new Set(this.shown);
    if (isShown) shown.add(id);
    else shown.delete(id);
    this.shown = shown;
  }

  private put(file: FileView): void {
    const at = this.files.findIndex((other) => other.id === file.id);
    this.files = at < 0 ? bounded([...this.files, file].sort(byTime)) : this.files.with(at, file);
  }
}

/** The list without its oldest, as far as it is too long; what is over goes before what still waits or moves. */
function bounded(files: FileView[]): FileView[] {
  const excess = files.length - MAX_FILES;
  if (excess <= 0) return files;
  const isMoving = (file: FileView) => MOVING.has(file.state.kind);
  const firstToGo = [...files.filter((file) => !isMoving(file)), ...files.filter(isMoving)];
  const gone = new Set(firstToGo.slice(0, excess));
  return files.filter((file) => !gone.has(file));
}

const MOVING: ReadonlySet<FileView["state"]["kind"]> = new Set(["offered", "transferring", "paused"]);

function byTime(a: FileView, b: FileView): number {
  return a.atMs - b.atMs || a.id - b.id;
}
