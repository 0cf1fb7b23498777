import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ChatEntry } from "../bindings/contract";
import { createFakeBackend } from "../backend/fake";
import { click, open } from "../testing/app";
import { Model } from "./model.svelte";

const esc = () => fireEvent.keyDown(window, { key: "Escape" });

beforeEach(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.setAttribute("open", "");
  };
});
afterEach(cleanup);

describe("the start screen", () => {
  it("hosts a room named after me when no other name is given", async () => {
    const { backend } = await open();
    await click("host-room");
    await screen.findByTestId("room");
    expect(backend.calls).toContainEqual({
      command: "session|host_room",
      args: { name: "Mara Okafor’s room", port: 27182 },
    });
    expect(screen.getByTestId("people-count")).toHaveTextContent("1");
    expect(screen.getByTestId("empty-stage")).toHaveTextContent("192.168.1.24:27182");
  });

  it("says beside the form why a room could not be opened, and opens it then", async () => {
    const { backend } = await open({ refuse: { "session|host_room": "port_in_use" } });
    await click("host-room");
    expect(await screen.findByTestId("host-error")).toHaveTextContent("Port 27182 is in use");
    backend.refuse("session|host_room", null);
    await fireEvent.input(screen.getByTestId("port"), { target: { value: "27183" } });
    await click("host-room");
    await screen.findByTestId("room");
    expect(backend.calls).toContainEqual({
      command: "session|host_room",
      args: { name: "Mara Okafor’s room", port: 27183 },
    });
  });

  it("does not take a port that is none", async () => {
    const { backend } = await open();
    await fireEvent.input(screen.getByTestId("port"), { target: { value: "99999" } });
    await click("host-room");
    expect(screen.getByText("A port is a number from 1 to 65535.")).toBeVisible();
    expect(backend.calls.map((call) => call.command)).not.toContain("session|host_room");
  });

  it("asks for a name first, and keeps it before a room is opened or joined", async () => {
    const { backend } = await open({ scene: "first" });
    expect(screen.getByTestId("host-room")).toBeDisabled();
    await fireEvent.input(screen.getByTestId("my-name"), { target: { value: "سارة" } });
    await click("host-room");
    await screen.findByTestId("room");
    const order = backend.calls
      .map((call) => call.command)
      .filter((c) => c === "session|save_profile" || c === "session|host_room");
    expect(order).toEqual(["session|save_profile", "session|host_room"]);
  });

  it("joins at once when this window was opened to", async () => {
    const { backend } = await open({ autoJoin: "127.0.0.1:27182" });
    await screen.findByTestId("room");
    expect(backend.calls).toContainEqual({ command: "session|join_room", args: { address: "127.0.0.1:27182" } });
  });

  it("shows the room of a link, and joins it only when asked", async () => {
    const { backend } = await open({ linked: "192.168.1.24:27182" });
    expect(await screen.findByTestId("address")).toHaveValue("192.168.1.24:27182");
    expect(backend.calls.map((call) => call.command)).not.toContain("session|join_room");
    await click("join-room");
    await screen.findByTestId("room");
    expect(backend.calls).toContainEqual({ command: "session|join_room", args: { address: "192.168.1.24:27182" } });
  });

  it("removes a used room from the list only when that is confirmed", async () => {
    const { backend } = await open();
    await click("forget-192.168.1.31:27182");
    await fireEvent.click(screen.getByText("Keep"));
    await click("forget-192.168.1.31:27182");
    expect(backend.calls.map((call) => call.command)).not.toContain("session|forget_room");
    await click("forget-room");
    await waitFor(() => expect(screen.queryByText("现场三组")).toBeNull());
    expect(backend.calls).toContainEqual({ command: "session|forget_room", args: { address: "192.168.1.31:27182" } });
    expect(screen.getByText("Lecture hall 3")).toBeVisible();
  });

  it("joins nothing while the list of known rooms cannot be read, and starts it anew when asked to", async () => {
    const { backend } = await open({ refuse: { "session|join_room": "known_rooms_unreadable" } });
    await fireEvent.input(screen.getByTestId("address"), { target: { value: "192.168.1.10:27182" } });
    await click("join-room");
    await screen.findByTestId("join-error");
    backend.refuse("session|join_room", null);
    await click("rooms-anew");
    expect(await screen.findByTestId("toast")).toHaveTextContent("known-rooms.json.unreadable-");
    expect(screen.queryByTestId("join-error")).toBeNull();
    await click("join-room");
    await screen.findByTestId("room");
  });

  it("says that a known room is at a new address, whenever that is found out", async () => {
    const { backend } = await open({ scene: "busy" });
    const context = { room: "Lab", address: "192.168.1.10:27182" };
    backend.emit("metrics:event", {
      kind: "logged",
      entry: { atMs: 0, icon: "session", code: "known_room", text: "", context },
    });
    expect(await screen.findByTestId("toast")).toHaveTextContent(
      "this is “Lab”, known from 192.168.1.10:27182, at a new address",
    );
  });

  it("joins a room with another identity only when the person has compared it", async () => {
    const { backend } = await open({ refuse: { "session|join_room": "identity_changed" } });
    await fireEvent.input(screen.getByTestId("address"), { target: { value: "192.168.1.10:27182" } });
    await click("join-room");
    expect(await screen.findByTestId("join-error")).toHaveTextContent(
      "another identity than last time. You have not been connected.",
    );
    expect(screen.getByTestId("identity-expected").textContent?.replaceAll(" ", "")).toBe("3fa9".repeat(16));
    expect(screen.getByTestId("identity-got").textContent?.replaceAll(" ", "")).toBe("07c2".repeat(16));
    // The old digits, or none, take nothing.
    expect(screen.getByTestId("join-confirmed")).toBeDisabled();
    await fireEvent.input(screen.getByTestId("identity-digits"), { target: { value: "3fa9" } });
    await fireEvent.keyDown(screen.getByTestId("identity-digits"), { key: "Enter" });
    expect(screen.getByTestId("join-confirmed")).toBeDisabled();
    expect(backend.calls.map((call) => call.command)).not.toContain("session|join_confirmed");
    // What is typed meanwhile is not what the question was about.
    await fireEvent.input(screen.getByTestId("address"), { target: { value: "10.0.0.9:1" } });
    await fireEvent.input(screen.getByTestId("identity-digits"), { target: { value: "07C2" } });
    await click("join-confirmed");
    await screen.findByTestId("room");
    expect(backend.calls).toContainEqual({
      command: "session|join_confirmed",
      args: { address: "192.168.1.10:27182", fingerprint: "07c2".repeat(16) },
    });
    expect(backend.calls.map((call) => call.command)).not.toContain("session|forget_room");
  });

  it("changes language and theme at once, and keeps them", async () => {
    const { backend } = await open();
    await click("language-zh");
    expect(screen.getByTestId("host-room")).toHaveTextContent("开始主持");
    await click("theme-dark");
    expect(document.documentElement.dataset.theme).toBe("dark");
    await waitFor(() =>
      expect(backend.calls.filter((call) => call.command === "session|save_settings")).toHaveLength(2),
    );
  });

  it("offers another try when the backend did not answer", async () => {
    const { backend } = await open({ refuse: { "session|start": "storage" } });
    expect(screen.getByTestId("start-error")).toHaveTextContent("cannot write to its own folder");
    backend.refuse("session|start", null);
    await fireEvent.click(screen.getByText("Try again"));
    await screen.findByTestId("start");
  });
});

describe("the room", () => {
  it("leads back to the start and in again, in either role", async () => {
    await open();
    for (let i = 0; i < 2; i += 1) {
      await fireEvent.input(await screen.findByTestId("address"), { target: { value: "192.168.1.10:27182" } });
      await click("join-room");
      await screen.findByTestId("room");
      expect(screen.getByTestId("people-count")).toHaveTextContent("6");
      await click("leave");
      await screen.findByTestId("start");
      await click("host-room");
      await screen.findByTestId("room");
      expect(screen.getByTestId("people-count")).toHaveTextContent("1");
      await click("leave");
      await screen.findByTestId("start");
    }
  });

  it("sends a message and marks it delivered", async () => {
    await open({ scene: "empty" });
    await fireEvent.input(screen.getByTestId("composer"), { target: { value: "hello" } });
    await fireEvent.keyDown(screen.getByTestId("composer"), { key: "Enter" });
    const message = await screen.findByTestId("message");
    expect(message).toHaveTextContent("hello");
    await waitFor(() => expect(screen.getByTestId("message").dataset.state).toBe("delivered"));
    expect(within(screen.getByTestId("message")).getByLabelText("delivered")).toBeVisible();
    expect(screen.getByTestId("composer")).toHaveValue("");
  });

  it("does not send a text that is too long, and says by how much", async () => {
    const { backend } = await open({ scene: "empty" });
    await fireEvent.input(screen.getByTestId("composer"), { target: { value: "x".repeat(65_536 + 1204) } });
    expect(screen.getByTestId("chat-limit")).toHaveTextContent("Too long by 1,204 bytes");
    expect(screen.getByTestId("send")).toBeDisabled();
    await fireEvent.keyDown(screen.getByTestId("composer"), { key: "Enter" });
    expect(backend.calls.map((call) => call.command)).not.toContain("chat|say");
  });

  it("finds words in the conversation, marks them, and ends the search by Esc", async () => {
    const { model } = await open({ scene: "busy" });
    const all = screen.getAllByTestId("message").length;
    await fireEvent.keyDown(window, { key: "f", ctrlKey: true });
    const field = await screen.findByTestId("chat-query");
    expect(field).toHaveFocus();
    expect(screen.getAllByTestId("message"), "nothing is asked for yet").toHaveLength(all);
    await fireEvent.input(field, { target: { value: "udp" } });
    const hits = await waitFor(() => {
      const marks = [...document.querySelectorAll("mark")];
      expect(marks.length).toBeGreaterThan(0);
      return marks;
    });
    expect(new Set(hits.map((mark) => mark.textContent?.toLowerCase()))).toEqual(new Set(["udp"]));
    const found = screen.getAllByTestId("message");
    expect(found.length).toBeLessThan(all);
    expect(screen.getByTestId("chat-found")).toHaveTextContent(`${found.length} found`);
    expect(screen.queryByTestId("file-5")).toBeNull();
    await fireEvent.input(field, { target: { value: "not said by anybody" } });
    expect(await screen.findByTestId("chat-none")).toBeVisible();
    await esc();
    await waitFor(() => expect(screen.getAllByTestId("message")).toHaveLength(all));
    expect(document.querySelector("mark")).toBeNull();
    expect(model.video.live).not.toBeNull();
  });

  it("asks before it closes a room with others in it, and only then", async () => {
    const { model } = await open({ scene: "busy", role: "host" });
    const leave = screen.getByTestId("leave");
    await click("leave");
    expect(await screen.findByTestId("close-ask")).toHaveTextContent("4 other people are here");
    expect(screen.getByTestId("close-stay")).toHaveFocus();
    await esc();
    await waitFor(() => expect(screen.queryByTestId("close-ask")).toBeNull());
    expect(leave).toHaveFocus();
    expect(model.video.live, "Esc closed the question and not my video").not.toBeNull();
    await click("leave");
    await fireEvent.pointerDown(screen.getByTestId("feed"));
    await waitFor(() => expect(screen.queryByTestId("close-ask")).toBeNull());
    await click("leave");
    await click("close-room");
    await screen.findByTestId("start");
  });

  it("offers dropped files to everyone, and says where they are let go of", async () => {
    const { backend } = await open({ scene: "busy" });
    backend.drag({ kind: "over" });
    expect(await screen.findByTestId("drop-target")).toHaveTextContent("Drop to offer to everyone");
    backend.drag({ kind: "away" });
    await waitFor(() => expect(screen.queryByTestId("drop-target")).toBeNull());
    backend.drag({ kind: "over" });
    backend.drag({
      kind: "dropped",
      picks: [backend.room.picks.pick("a.png"), backend.room.picks.pick("b c.txt"), backend.room.picks.pick("Photos/")],
    });
    expect(await screen.findByText("b c")).toBeVisible();
    expect(screen.queryByTestId("drop-target")).toBeNull();
    expect(backend.calls).toContainEqual({ command: "files|offer_files", args: { picks: [1, 2, 3], to: [] } });
    const notOffered = await screen.findByTestId("not-offered");
    expect(notOffered).toHaveTextContent("1 file was not offered");
    expect(notOffered).toHaveTextContent("Photos · this is a folder, and folders are not sent.");
  });

  it("takes no dropped files where nothing says what becomes of them", async () => {
    const { backend } = await open({ scene: "busy" });
    await click("open-wire");
    backend.drag({ kind: "over" });
    backend.drag({ kind: "dropped", picks: [backend.room.picks.pick("a.png")] });
    await click("wire-back");
    await screen.findByTestId("room");
    expect(screen.queryByTestId("drop-target")).toBeNull();
    expect(backend.calls.map((call) => call.command)).not.toContain("files|offer_files");
  });

  it("says with the files why dropped ones are not offered", async () => {
    const { backend } = await open({ scene: "busy", refuse: { "files|offer_files": "file_unreadable" } });
    backend.drag({ kind: "dropped", picks: [backend.room.picks.pick("notes.txt")] });
    expect(await screen.findByTestId("files-error")).toHaveTextContent("cannot be read");
    expect(screen.getByTestId("tab-files")).toHaveAttribute("aria-selected", "true");
  });

  it("shows a message whose time no calendar has, and what comes after it", async () => {
    const { backend, model } = await open({ scene: "busy" });
    const known = model.chat.entries.find((entry) => entry.body.kind === "text" && !entry.mine) as ChatEntry;
    for (const [i, atMs] of [8.64e15 + 1, 1.8e19, 253_402_300_799_000, Date.now()].entries()) {
      backend.emit("chat:event", {
        kind: "entry",
        entry: { ...known, key: 500 + i, seq: 500 + i, atMs, body: { kind: "text", text: `time ${i}` } },
      });
    }
    for (const i of [0, 1, 2, 3]) expect(await screen.findByText(`time ${i}`)).toBeVisible();
  });

  it("shows a failed message with its reason and sends it again", async () => {
    const { backend } = await open({ scene: "busy" });
    const failed = {
      key: 77,
      era: 0,
      seq: null,
      body: { kind: "text" as const, text: "lost words" },
      from: 2,
      name: "Mara",
      colour: "#7a4f9a",
      address: "",
      mine: true,
      atMs: Date.now(),
      state: "failed" as const,
      error: { code: "host_gone" as const, message: "", context: {} },
    };
    backend.emit("chat:event", { kind: "entry", entry: failed });
    await waitFor(() => expect(screen.getByText("lost words").closest("li")).toHaveAttribute("data-state", "failed"));
    expect(screen.getByText(/The host closed the room or is gone/)).toBeVisible();
    await click("resend");
    expect(backend.calls).toContainEqual({ command: "chat|resend", args: { key: 77 } });
  });

  it("accepts a file where it is offered, in the conversation", async () => {
    const { backend } = await open({ scene: "busy" });
    const card = screen.getByTestId("file-5");
    expect(card).toHaveTextContent("notes.txt");
    expect(card).toHaveTextContent("from Priya");
    await fireEvent.click(within(card).getByTestId("file-accept"));
    await waitFor(() => expect(screen.getByTestId("file-5").dataset.state).toBe("transferring"));
    expect(backend.calls).toContainEqual({ command: "files|accept_file", args: { id: 5 } });
  });

  it("says that the connection is lost, what waits, and tries at once on request", async () => {
    const { backend } = await open({ scene: "busy" });
    expect(screen.queryByTestId("lost-banner")).toBeNull();
    backend.room.lose();
    const banner = await screen.findByTestId("lost-banner");
    expect(banner).toHaveTextContent("Connection to Networks lab 2 lost");
    expect(banner).toHaveTextContent("Try 1 in 2 s. Kept here until then: 1 file.");
    await click("try-now");
    await waitFor(() => expect(screen.queryByTestId("lost-banner")).toBeNull());
    // What happened meanwhile is read anew.
    await waitFor(() => expect(backend.calls.filter((call) => call.command === "session|room")).toHaveLength(2));
  });

  it("returns to the start with the reason when the host is gone", async () => {
    const { backend } = await open({ scene: "busy" });
    backend.room.close({ code: "host_gone", message: "", context: {} });
    expect(await screen.findByTestId("ended")).toHaveTextContent(
      "Networks lab 2 · The host closed the room or is gone.",
    );
  });
});

it("an event that overtakes the answer it is newer than is not lost", async () => {
  const backend = createFakeBackend({ alive: false, delayMs: 0 });
  const model = new Model(backend);
  await model.open();
  const joined = model.join("192.168.1.10:27182");
  backend.emit("chat:event", {
    kind: "entry",
    entry: {
      key: 999,
      era: 0,
      seq: 999,
      body: { kind: "text", text: "early" },
      from: 0,
      name: "Chen",
      colour: "#2f6f5e",
      address: "",
      mine: false,
      atMs: Date.now(),
      state: "delivered",
      error: null,
    },
  });
  await joined;
  expect(model.chat.entries.at(-1)?.key).toBe(999);
  expect(model.chat.entries.length).toBeGreaterThan(5);
});
