import { describe, expect, it, vi } from "vitest";
import type { ChatEntry } from "../bindings/contract";
import { createFakeBackend } from "../backend/fake";
import { chatApi } from "./api";
import { ChatStore, MAX_BYTES, MAX_ENTRIES, MAX_TEXT_BYTES } from "./store.svelte";

function entry(key: number, seq: number | null, more: Partial<ChatEntry> = {}): ChatEntry {
  return {
    key,
    era: 0,
    seq,
    body: { kind: "text", text: `m${key}` },
    from: 1,
    name: "Ada",
    colour: "#2f6f5e",
    address: "10.0.0.2:1",
    mine: false,
    atMs: 0,
    state: seq === null ? "waiting" : "delivered",
    error: null,
    ...more,
  };
}

function store() {
  const backend = createFakeBackend({ scene: "empty", alive: false, delayMs: 0 });
  const chat = new ChatStore(chatApi(backend));
  return { backend, chat };
}

const keys = (chat: ChatStore) => chat.entries.map((e) => e.key);

describe("the conversation", () => {
  it("stands in the host's order, with the unsent last", () => {
    const { chat } = store();
    for (const e of [entry(1, null, { mine: true }), entry(2, 12), entry(3, 10), entry(4, 11)])
      chat.apply({ kind: "entry", entry: e });
    expect(keys(chat)).toEqual([3, 4, 2, 1]);
    chat.apply({ kind: "entry", entry: entry(1, 13, { mine: true }) });
    chat.apply({ kind: "entry", entry: entry(5, 9) });
    expect(keys(chat)).toEqual([5, 3, 4, 2, 1]);
  });

  it("never takes a receipt back, whichever of answer and event comes first", () => {
    const { chat } = store();
    chat.apply({ kind: "entry", entry: entry(1, 7, { mine: true }) });
    chat.apply({ kind: "entry", entry: entry(1, null, { mine: true }) });
    expect(chat.entries[0]).toMatchObject({ seq: 7, state: "delivered" });
  });

  it("is replaced as a whole after a reconnection", () => {
    const { chat } = store();
    chat.apply({ kind: "entry", entry: entry(1, 1) });
    chat.apply({ kind: "replaced", entries: [entry(9, 2), entry(8, 1)] });
    expect(keys(chat)).toEqual([8, 9]);
  });

  it("stands below what was said in an earlier room", () => {
    const { chat } = store();
    chat.apply({ kind: "entry", entry: entry(1, 40) });
    chat.apply({ kind: "entry", entry: entry(2, 0, { era: 1, body: { kind: "anew" } }) });
    chat.apply({ kind: "entry", entry: entry(4, 2, { era: 1 }) });
    chat.apply({ kind: "entry", entry: entry(3, 1, { era: 1 }) });
    expect(keys(chat)).toEqual([1, 2, 3, 4]);
  });

  it("remembers no more entries and no more bytes than the room", () => {
    const { chat } = store();
    chat.reset(Array.from({ length: MAX_ENTRIES }, (_, i) => entry(i + 1, i + 1)));
    for (let i = 1; i <= 5; i += 1) chat.apply({ kind: "entry", entry: entry(MAX_ENTRIES + i, MAX_ENTRIES + i) });
    expect(chat.entries).toHaveLength(MAX_ENTRIES);
    expect(chat.entries[0]?.key).toBe(6);

    chat.clear();
    const text = "网".repeat(20_000);
    for (let i = 1; i <= 600; i += 1)
      chat.apply({ kind: "entry", entry: entry(i, i, { body: { kind: "text", text } }) });
    expect(chat.entries.length).toBeGreaterThan(200);
    expect(chat.entries.length * 60_000).toBeLessThan(MAX_BYTES);
    expect(chat.entries.at(-1)?.key).toBe(600);
  });

  it("takes ten thousand entries without slowing", () => {
    const { chat } = store();
    const from = performance.now();
    for (let i = 1; i <= 10_000; i += 1) chat.apply({ kind: "entry", entry: entry(i, i) });
    expect(chat.entries).toHaveLength(10_000);
    expect(performance.now() - from).toBeLessThan(4000);
  });

  it("counts what came unseen", () => {
    const { chat } = store();
    chat.visible = false;
    chat.apply({ kind: "entry", entry: entry(1, 1) });
    chat.apply({ kind: "entry", entry: entry(1, 1, { name: "Ada L." }) });
    chat.apply({ kind: "entry", entry: entry(2, 2, { mine: true }) });
    expect(chat.unread).toBe(1);
    chat.seen();
    expect(chat.unread).toBe(0);
  });
});

describe("saying something", () => {
  it("empties the composer and shows the words at once, delivered when the receipt comes", async () => {
    const { backend, chat } = store();
    await backend.on("chat:event", (event) => chat.apply(event));
    chat.draft = "hello 网络";
    await chat.say();
    expect(chat.draft).toBe("");
    await vi.waitFor(() => expect(chat.entries.at(-1)).toMatchObject({ mine: true, state: "delivered" }));
  });

  it("keeps the words when they are refused", async () => {
    const { backend, chat } = store();
    backend.refuse("chat|say", "host_gone");
    chat.draft = "hello";
    await chat.say();
    expect(chat.draft).toBe("hello");
    expect(chat.error?.code).toBe("host_gone");
  });

  it("sends nothing over 64 KiB of UTF-8, counted in bytes", async () => {
    const { backend, chat } = store();
    chat.draft = "网".repeat(21_845) + "a"; // 65,536 bytes
    expect(chat.over).toBe(0);
    chat.draft += "b";
    expect(chat.over).toBe(1);
    await chat.say();
    expect(backend.calls).toEqual([]);
    expect(chat.draft).not.toBe("");
    expect(MAX_TEXT_BYTES).toBe(65_536);
  });

  it("sends nothing that is empty", async () => {
    const { backend, chat } = store();
    chat.draft = " \n ";
    await chat.say();
    expect(backend.calls).toEqual([]);
  });
});
