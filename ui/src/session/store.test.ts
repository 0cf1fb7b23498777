import { beforeEach, describe, expect, it } from "vitest";
import { createFakeBackend, type FakeBackend } from "../backend/fake";
import { sessionApi } from "./api";
import { parsePort, roomColour } from "./profile";
import { SessionStore } from "./store.svelte";

let backend: FakeBackend;
let session: SessionStore;

beforeEach(async () => {
  backend = createFakeBackend({ alive: false, delayMs: 0 });
  session = new SessionStore(sessionApi(backend));
  await backend.on("session:event", (event) => session.apply(event));
  await session.open();
});

describe("a session", () => {
  it("knows who I am and what was used before", () => {
    expect(session.ready).toBe(true);
    expect(session.profile.name).toBe("Mara Okafor");
    expect(session.recent.map((room) => room.name)).toContain("Networks lab 2");
  });

  it("hosts, leaves, joins and hosts again", async () => {
    for (const role of ["host", "member", "host"] as const) {
      const view = role === "host" ? await session.host("Lab", 27182) : await session.join("192.168.1.10:27182");
      expect(view?.role).toBe(role);
      if (view) session.enter(view);
      expect(session.room?.role).toBe(role);
      await session.leave();
      expect(session.room).toBeNull();
    }
  });

  it("follows the network while a room is open", async () => {
    const view = await session.host("Lab", 27182);
    if (view) session.enter(view);
    const fresh = [{ address: "192.168.9.9:27182", network: "wlan1", loopback: false }];
    backend.room.reach(fresh);
    expect(session.room).toMatchObject({ address: "192.168.9.9:27182", reachableAt: fresh });
  });

  it("puts an error at the form that it belongs to, and takes it away with the next try", async () => {
    backend.refuse("session|host_room", "port_in_use");
    expect(await session.host("Lab", 27182)).toBeNull();
    expect(session.errors.host).toMatchObject({ code: "port_in_use", context: { port: "27182" } });
    expect(session.errors.join).toBeUndefined();
    expect(session.busy).toBeNull();
    backend.refuse("session|host_room", null);
    expect(await session.host("Lab", 27183)).not.toBeNull();
    expect(session.errors.host).toBeUndefined();
  });

  it("keeps the port that a room was opened on, and no other", async () => {
    await session.host("Lab", 4000);
    await session.saveSettings({ theme: "dark" });
    expect(backend.calls.at(-1)?.args).toMatchObject({ settings: { port: 4000, theme: "dark" } });
    await session.leave();
    backend.refuse("session|host_room", "port_in_use");
    await session.host("Lab", 4001);
    expect(session.settings.port).toBe(4000);
  });

  it("opens a second window on the loopback address", async () => {
    await session.tryHere("Lab", 4000);
    expect(backend.calls.slice(-2).map((call) => [call.command, call.args])).toEqual([
      ["session|host_room", { name: "Lab", port: 4000 }],
      ["session|open_beside", { address: "127.0.0.1:4000" }],
    ]);
  });

  it("lists the host first, then me, then the others as they came", async () => {
    const view = await session.join("192.168.1.10:27182");
    if (view) session.enter(view);
    expect(session.people.map((person) => (person.isHost ? "host" : person.isMe ? "me" : person.id))).toEqual([
      "host",
      "me",
      1,
      3,
      4,
      5,
    ]);
    const gone = session.people.at(-1);
    if (gone) session.apply({ kind: "left", person: gone, reason: "lost" });
    expect(session.people).toHaveLength(5);
  });

  it("says why a room ended, unless I ended it", async () => {
    const view = await session.join("192.168.1.10:27182");
    if (view) session.enter(view);
    backend.room.close({ code: "host_gone", message: "", context: {} });
    expect(session.room).toBeNull();
    expect(session.ended).toMatchObject({ roomName: "Networks lab 2", reason: { code: "host_gone" } });

    const again = await session.join("192.168.1.10:27182");
    if (again) session.enter(again);
    backend.room.close(null);
    expect(session.ended).toBeNull();
  });

  it("keeps the old name and settings when the new ones cannot be kept", async () => {
    backend.refuse("session|save_profile", "storage");
    await session.saveProfile({ name: "Someone else" });
    expect(session.profile.name).toBe("Mara Okafor");
    expect(session.errors.profile?.code).toBe("storage");
    backend.refuse("session|save_settings", "storage");
    await expect(session.saveSettings({ theme: "dark" })).rejects.toThrow();
    expect(session.settings.theme).toBe("auto");
  });

  it("says why it could not begin", async () => {
    const broken = createFakeBackend({ delayMs: 0, refuse: { "session|start": "storage" } });
    const store = new SessionStore(sessionApi(broken));
    await store.open();
    expect(store.ready).toBe(false);
    expect(store.startError?.code).toBe("storage");
  });
});

it("a port is a number from 1 to 65535", () => {
  expect(["27182", " 1 ", "65535", "0", "65536", "-1", "27182x", "", "1e3"].map(parsePort)).toEqual([
    27182,
    1,
    65535,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

it("a room has the colour of its identity, on which white letters can be read", () => {
  const colours = Array.from({ length: 256 }, (_, i) => roomColour((i * 257).toString(16).padStart(4, "0").repeat(16)));
  expect(new Set(colours).size).toBeGreaterThan(200);
  for (const colour of [...colours, roomColour("no fingerprint")]) {
    const [r, g, b] = [1, 3, 5]
      .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    expect(1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05), colour).toBeGreaterThan(4.5);
  }
});
