import type { ChatEntry, ChatEvent, IpcError, RoomView } from "../bindings/contract";
import { asIpcError } from "../backend/types";
import { utf8Length } from "../shared/format";
import type { Part } from "../shared/part";
import type { ChatApi } from "./api";
import { finder } from "./search";

/** The longest message, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 65_536;
/** The most entries remembered, and the most bytes of their words: as the room's own log. */
export const MAX_ENTRIES = 10_000;
export const MAX_BYTES = 16 * 1024 * 1024;

export class ChatStore implements Part {
  /** In the order of the host's numbers; what is not yet sent stands last. */
  entries = $state.raw<ChatEntry[]>([]);
  /** What stands in the composer; kept while other parts of the room are looked at. */
  draft = $state("");
  /** Why the last message was not taken. */
  error = $state.raw<IpcError | null>(null);
  /** How many messages of others came since the chat was last in sight. */
  unread = $state(0);
  /** How many messages were said in this window. */
  said = $state(0);
  /** Whether the chat is in sight. */
  visible = true;

  /** What is searched for; null while nobody searches. */
  query = $state<string | null>(null);
  /** What finds the words searched for; null while there are none. */
  find = $derived(this.query === null ? null : finder(this.query));
  /** What is in sight: all of it, or the messages with the words searched for. */
  shown = $derived(this.find ? this.entries.filter((entry) => has(entry, this.find)) : this.entries);

  draftBytes = $derived(utf8Length(this.draft));
  /** How far the draft is over the limit, in bytes; 0 while it fits. */
  over = $derived(Math.max(0, this.draftBytes - MAX_TEXT_BYTES));

  /** Finds an entry again without a walk through all of them. */
  private readonly byKey = new Map<number, ChatEntry>();
  /** Bytes of all entries. */
  private bytes = 0;

  constructor(private readonly api: ChatApi) {}

  listen(pass: (apply: () => void) => void): Promise<unknown> {
    return this.api.onEvent((event) => pass(() => this.apply(event)));
  }

  enter(room: RoomView): void {
    this.reset(room.chat);
  }

  reset(entries: ChatEntry[]): void {
    const list = [...entries].sort(byPlace);
    this.byKey.clear();
    this.bytes = 0;
    for (const entry of list) this.remember(entry);
    this.entries = this.trimmed(list);
    this.error = null;
  }

  clear(): void {
    this.reset([]);
    this.draft = "";
    this.query = null;
    this.unread = 0;
  }

  apply(event: ChatEvent): void {
    if (event.kind === "replaced") {
      this.reset(event.entries);
      return;
    }
    this.put(event.entry);
  }

  /** Says the draft. It leaves the composer only when it was taken. */
  async say(): Promise<void> {
    const text = this.draft;
    if (text.trim() === "" || this.over > 0) return;
    this.error = null;
    this.draft = "";
    // What is said is seen, and among what it answers.
    this.query = null;
    try {
      this.put(await this.api.say(text));
      this.said += 1;
    } catch (thrown) {
      if (this.draft === "") this.draft = text;
      this.error = asIpcError(thrown);
    }
  }

  async resend(key: number): Promise<void> {
    this.error = null;
    try {
      this.put(await this.api.resend(key));
    } catch (thrown) {
      this.error = asIpcError(thrown);
    }
  }

  seen(): void {
    this.unread = 0;
  }

  private put(entry: ChatEntry): void {
    const old = this.byKey.get(entry.key);
    // The answer to "say" and the event of the receipt may overtake each other: a receipt is never taken back.
    if (old?.state === "delivered" && entry.state === "waiting") return;
    this.remember(entry);
    const list = this.entries.slice();
    if (old) list.splice(list.lastIndexOf(old), 1);
    let to = list.length;
    while (to > 0 && byPlace(list[to - 1] as ChatEntry, entry) > 0) to -= 1;
    list.splice(to, 0, entry);
    this.entries = this.trimmed(list);
    if (!old && !entry.mine && entry.body.kind === "text" && !this.visible) this.unread += 1;
  }

  private remember(entry: ChatEntry): void {
    const old = this.byKey.get(entry.key);
    this.bytes += sizeOf(entry) - (old ? sizeOf(old) : 0);
    this.byKey.set(entry.key, entry);
  }

  /** The list without its oldest, as far as it is too long. */
  private trimmed(list: ChatEntry[]): ChatEntry[] {
    let from = 0;
    while (list.length - from > MAX_ENTRIES || this.bytes > MAX_BYTES) {
      const oldest = list[from++];
      if (!oldest) break;
      this.byKey.delete(oldest.key);
      this.bytes -= sizeOf(oldest);
    }
    return from > 0 ? list.slice(from) : list;
  }
}

/** What an entry takes beside its words, in bytes: an estimate that leaves none free. */
const ENTRY_BYTES = 256;

function sizeOf(entry: ChatEntry): number {
  return ENTRY_BYTES + (entry.body.kind === "text" ? utf8Length(entry.body.text) : 0);
}

function has(entry: ChatEntry, find: RegExp | null): boolean {
  return entry.body.kind === "text" && find !== null && entry.body.text.search(find) >= 0;
}

function byPlace(a: ChatEntry, b: ChatEntry): number {
  return a.era - b.era || (a.seq ?? Infinity) - (b.seq ?? Infinity) || a.key - b.key || 0;
}
