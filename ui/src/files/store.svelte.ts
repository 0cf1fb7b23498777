import type { FilesEvent, FileView, IpcError } from "../bindings/contract";
import { asIpcError } from "../host/types";
import type { FilesApi } from "./api";

/** What can be done with one file. */
export type FileAction = "accept" | "decline" | "cancel" | "pause" | "resume" | "open" | "show";

export class FilesStore {
  /** Oldest first. */
  files = $state.raw<FileView[]>([]);
  /** Why the last choice or offer came to nothing. */
  error = $state.raw<IpcError | null>(null);
  /** Why the last action on a file came to nothing, by file. */
  actionErrors = $state.raw<Record<number, IpcError>>({});
  choosing = $state(false);
  /** Whether files are dragged over the window. */
  dragged = $state(false);

  /** Offers that wait for my decision. */
  undecided = $derived(this.files.filter((file) => !file.mine && file.state.kind === "offered").length);

  constructor(private readonly api: FilesApi) {}

  reset(files: FileView[]): void {
    this.files = [...files].sort(byTime);
    this.error = null;
    this.actionErrors = {};
  }

  clear(): void {
    this.reset([]);
  }

  apply(event: FilesEvent): void {
    if (event.kind === "removed") this.files = this.files.filter((file) => file.id !== event.id);
    else this.put(event.file);
  }

  /** Lets files be chosen and offers them to `to` (nobody named: everyone). */
  async chooseAndOffer(to: number[] = []): Promise<void> {
    if (this.choosing) return;
    this.choosing = true;
    this.error = null;
    try {
      const paths = await this.api.choose();
      if (paths.length > 0) await this.offer(paths, to);
    } catch (thrown) {
      this.error = asIpcError(thrown);
    } finally {
      this.choosing = false;
    }
  }

  /** Offers files by their paths to `to` (nobody named: everyone). */
  async offer(paths: string[], to: number[] = []): Promise<void> {
    this.error = null;
    try {
      for (const file of await this.api.offer(paths, to)) this.put(file);
    } catch (thrown) {
      this.error = asIpcError(thrown);
    }
  }

  async act(id: number, action: FileAction): Promise<void> {
    this.dismiss(id);
    try {
      await this.api[action](id);
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

  chooseFolder(): Promise<string | null> {
    return this.api.chooseFolder();
  }

  private put(file: FileView): void {
    const at = this.files.findIndex((other) => other.id === file.id);
    this.files = at < 0 ? [...this.files, file].sort(byTime) : this.files.with(at, file);
  }
}

function byTime(a: FileView, b: FileView): number {
  return a.atMs - b.atMs || a.id - b.id;
}
