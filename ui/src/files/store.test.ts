import { beforeEach, describe, expect, it } from "vitest";
import { createFakeBackend, type FakeBackend } from "../backend/fake";
import { filesApi } from "./api";
import { FilesStore, MAX_FILES } from "./store.svelte";

let backend: FakeBackend;
let files: FilesStore;

beforeEach(async () => {
  backend = createFakeBackend({ scene: "busy", alive: false, delayMs: 0 });
  files = new FilesStore(filesApi(backend));
  await backend.on("files:event", (event) => files.apply(event));
  const room = await backend.call("session|room", {});
  files.reset(room?.files ?? []);
});

const state = (id: number) => files.files.find((file) => file.id === id)?.state.kind;

describe("files", () => {
  it("wait for my decision, and mine do not", () => {
    expect(files.undecided).toBe(1);
  });

  it("are accepted, paused, resumed and cancelled", async () => {
    await files.act(5, "accept");
    expect(state(5)).toBe("transferring");
    expect(files.undecided).toBe(0);
    await files.act(5, "pause");
    expect(state(5)).toBe("paused");
    await files.act(5, "resume");
    expect(state(5)).toBe("transferring");
    await files.act(5, "cancel");
    expect(state(5)).toBe("cancelled");
  });

  it("are offered to whom they are meant for", async () => {
    await files.chooseAndOffer([3]);
    expect(backend.calls.at(-1)).toEqual({ command: "files|offer_files", args: { picks: [1], to: [3] } });
    expect(files.files.at(-1)).toMatchObject({ mine: true, name: "capture-07.pcapng" });
  });

  it("say where an action failed, and nothing about the others", async () => {
    backend.refuse("files|open_file", "file_gone");
    await files.act(1, "open");
    expect(files.actionErrors[1]?.code).toBe("file_gone");
    expect(files.actionErrors[2]).toBeUndefined();
    backend.refuse("files|open_file", null);
    await files.act(1, "open");
    expect(files.actionErrors[1]).toBeUndefined();
  });

  it("that cannot be read are not offered", async () => {
    const before = files.files.length;
    backend.refuse("files|offer_files", "file_unreadable");
    await files.chooseAndOffer();
    expect(files.error?.code).toBe("file_unreadable");
    expect(files.files).toHaveLength(before);
    expect(files.choosing).toBe(false);
  });

  it("that may run something are shown in their folder instead, and are said to be", async () => {
    await files.act(4, "open");
    expect([...files.shown]).toEqual([4]);
    await files.act(1, "open");
    expect([...files.shown]).toEqual([4]);
  });

  it("that cannot be offered are named, and all else is offered", async () => {
    const before = files.files.length;
    await files.offer([backend.room.picks.pick("Photos/"), backend.room.picks.pick("a.txt")]);
    expect(files.failed.map(({ name, error }) => [name, error.code])).toEqual([["Photos", "is_folder"]]);
    expect(files.files).toHaveLength(before + 1);
    await files.offer([{ handle: 99, name: "/etc/passwd" }]);
    expect(files.error?.code).toBe("not_picked");
    expect(files.files).toHaveLength(before + 1);
  });

  it("are no more than a room has on offer, and what waits or moves stays longest", () => {
    const file = (id: number, kind: "offered" | "declined") => ({ ...files.files[0]!, id, atMs: id, state: { kind } });
    files.reset([]);
    files.reset([file(1, "offered"), ...Array.from({ length: MAX_FILES + 9 }, (_, i) => file(i + 2, "declined"))]);
    expect(files.files).toHaveLength(MAX_FILES);
    expect(files.files.slice(0, 2).map(({ id }) => id)).toEqual([1, 12]);
    files.apply({ kind: "file", file: file(5000, "offered") });
    expect(files.files).toHaveLength(MAX_FILES);
    expect([files.files[0]?.id, files.files[1]?.id, files.files.at(-1)?.id]).toEqual([1, 13, 5000]);
    files.reset(Array.from({ length: MAX_FILES + 1 }, (_, i) => file(i, "offered")));
    expect([files.files.length, files.files[0]?.id]).toEqual([MAX_FILES, 1]);
  });

  it("go away when they are removed", () => {
    files.apply({ kind: "removed", id: 2 });
    expect(state(2)).toBeUndefined();
  });
});
