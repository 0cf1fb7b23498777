import type { ChatEntry, Person } from "../../bindings/contract";
import type { HandlersOf, RoomState } from "./state";
import { refused } from "./views";

const MAX_TEXT_BYTES = 65_536;

/** What is said. */
export class FakeChat {
  private nextKey = 20_000;

  constructor(private readonly state: RoomState) {}

  readonly commands: HandlersOf<"chat"> = {
    "chat|say": ({ text }) => this.say(text),
    "chat|resend": ({ key }) => {
      const entry = this.state.open?.chat.find((other) => other.key === key);
      if (!entry) throw refused("no_room");
      return this.deliver({ ...entry, state: "waiting", error: null });
    },
    "chat|save_conversation": () => "/home/mara/Documents/roomwire-conversation.txt",
  };

  /** An entry after those that are there, numbered by the host. */
  entry(from: Person, body: ChatEntry["body"]): ChatEntry {
    const key = this.nextKey++;
    const seq = (this.state.open?.chat.length ?? 0) + 1;
    return {
      key,
      era: 0,
      seq,
      body,
      from: from.id,
      name: from.profile.name,
      colour: from.profile.colour,
      address: from.address,
      mine: from.isMe,
      atMs: Date.now(),
      state: "delivered",
      error: null,
    };
  }

  /** An entry of another member arrives. */
  arrive(from: Person, body: ChatEntry["body"]): void {
    const entry = this.entry(from, body);
    this.state.open?.chat.push(entry);
    this.state.emit("chat:event", { kind: "entry", entry });
  }

  /** Another member says something, unless the connection is lost. */
  talk(): void {
    const other = this.state.open?.people.find((person) => !person.isMe);
    if (!this.state.open || !other || !this.state.isConnected) return;
    this.arrive(other, { kind: "text", text: `talk ${this.state.open.chat.length}` });
  }

  private say(text: string): ChatEntry {
    const { me } = this.state;
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
    const chat = this.state.open?.chat;
    if (!chat) return entry;
    const at = chat.findIndex((other) => other.key === entry.key);
    if (at < 0) chat.push(entry);
    else chat[at] = entry;
    if (this.state.isConnected) {
      setTimeout(() => {
        const next = Math.max(0, ...chat.map((other) => other.seq ?? 0)) + 1;
        Object.assign(entry, { seq: next, state: "delivered" });
        this.state.emit("chat:event", { kind: "entry", entry: structuredClone(entry) });
      }, this.state.options.delayMs);
    }
    return entry;
  }
}
