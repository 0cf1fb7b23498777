import { cleanup, fireEvent, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { click, open } from "../testing/app";

beforeEach(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.setAttribute("open", "");
  };
});
afterEach(cleanup);

const answers = (calls: { command: string; args: unknown }[]) =>
  calls.filter((call) => call.command === "session|answer_close").map((call) => call.args);

describe("a window that is to be closed", () => {
  it("says who loses what, and stays or goes as the person decides", async () => {
    const { backend } = await open({ scene: "busy", role: "host" });
    backend.emit("session:event", { kind: "close_asked", others: 4, moving: 1 });
    const question = await screen.findByTestId("close-window");
    expect(question).toHaveTextContent("4 other people are here");
    expect(question).toHaveTextContent("1 file is on the move");
    await click("close-window-stay");
    expect(screen.queryByTestId("close-window")).toBeNull();
    expect(screen.getByTestId("room")).toBeVisible();

    backend.emit("session:event", { kind: "close_asked", others: 4, moving: 0 });
    await fireEvent.keyDown(window, { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("close-window")).toBeNull());

    backend.emit("session:event", { kind: "close_asked", others: 4, moving: 0 });
    await screen.findByTestId("close-window");
    await click("close-window-go");
    expect(answers(backend.calls)).toEqual([{ close: false }, { close: false }, { close: true }]);
  });
});

describe("a room that its host ended", () => {
  it("can still be read, until another is entered", async () => {
    const { backend, model } = await open({ scene: "busy" });
    backend.room.close({ code: "host_gone", message: "", context: {} });
    expect(await screen.findByTestId("past")).toHaveTextContent("Which p95 did you get with 2% loss?");
    expect(screen.queryByTestId("composer")).toBeNull();
    await fireEvent.keyDown(window, { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("past")).toBeNull());
    await click("read-past");
    expect(screen.getByTestId("past")).toBeVisible();
    await click("save-past");
    expect(await screen.findByTestId("toast")).toHaveTextContent("roomwire-conversation.txt");
    const saved = backend.calls.find((call) => call.command === "chat|save_conversation")?.args as { text: string };
    expect(saved.text).toMatch(/^Networks lab 2\n\n/);
    expect(saved.text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Priya: Which p95 did you get with 2% loss\?$/m);
    model.reading = false;
    await click("host-room");
    await screen.findByTestId("room");
    expect(model.past).toBeNull();
  });

  it("leaves nothing to read when I left it, or nobody said anything", async () => {
    const { model } = await open({ scene: "busy" });
    await model.leave();
    expect(model.past).toBeNull();
  });
});

describe("a right click", () => {
  const at = (element: Element) => fireEvent.contextMenu(element);

  it("copies a message, and never shows a browser's menu", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", Object.assign(Object.create(navigator), { clipboard: { writeText } }));
    await open({ scene: "busy" });
    expect(await at(screen.getByTestId("people"))).toBe(false);
    expect(screen.queryByTestId("menu")).toBeNull();
    expect(await at(screen.getByText("Which p95 did you get with 2% loss?"))).toBe(false);
    await click("menu-copy");
    expect(writeText).toHaveBeenCalledWith("Which p95 did you get with 2% loss?");
    expect(screen.queryByTestId("menu")).toBeNull();
    vi.unstubAllGlobals();
  });
});

describe("a right click in a field", () => {
  const clipboard = (given: Partial<Clipboard>) =>
    vi.stubGlobal("navigator", Object.assign(Object.create(navigator), { clipboard: given }));
  const composer = () => screen.getByTestId<HTMLTextAreaElement>("composer");
  afterEach(() => void vi.unstubAllGlobals());

  async function menuOn(text: string, from: number, to: number) {
    await fireEvent.input(composer(), { target: { value: text } });
    composer().setSelectionRange(from, to);
    expect(await fireEvent.contextMenu(composer())).toBe(false);
  }

  it("cuts, copies, pastes and selects, as the keys do", async () => {
    let held = "";
    clipboard({ writeText: async (text) => void (held = text), readText: async () => held });
    const { model } = await open({ scene: "busy" });
    await menuOn("one two three", 4, 8);
    await click("menu-cut");
    await waitFor(() => expect(model.chat.draft).toBe("one three"));
    expect(held).toBe("two ");
    await menuOn("one three", 0, 3);
    await click("menu-copy");
    expect([held, model.chat.draft]).toEqual(["one", "one three"]);
    await menuOn("one three", 9, 9);
    expect(screen.getByTestId("menu-cut")).toBeDisabled();
    await click("menu-paste");
    await waitFor(() => expect(model.chat.draft).toBe("one threeone"));
    await menuOn("all", 0, 0);
    await click("menu-all");
    expect([composer().selectionStart, composer().selectionEnd]).toEqual([0, 3]);
    expect(document.activeElement).toBe(composer());
  });

  it("says when the clipboard cannot be had, and takes nothing away then", async () => {
    const refuse = () => Promise.reject(new Error("not allowed"));
    clipboard({ writeText: refuse, readText: refuse });
    const { model } = await open({ scene: "busy", language: "zh" });
    await menuOn("keep", 0, 4);
    expect(screen.getByTestId("menu")).toHaveTextContent("剪切复制粘贴全选");
    await click("menu-cut");
    await screen.findByText(/系统不允许这个窗口复制/);
    await menuOn("keep", 0, 4);
    await click("menu-paste");
    await screen.findByText(/请按 Ctrl\+V/);
    expect(model.chat.draft).toBe("keep");
  });

  it("pastes no more than a field takes, and no line into a line", async () => {
    clipboard({ readText: async () => `two\nlines ${"😀".repeat(40)}` });
    await open();
    const name = screen.getByTestId<HTMLInputElement>("room-name");
    name.setSelectionRange(0, 0);
    await fireEvent.contextMenu(name);
    await click("menu-paste");
    await waitFor(() => expect(name.value).toMatch(/^two lines 😀+$/u));
    expect(name.value.length).toBeLessThanOrEqual(64);
  });
});

describe("the zoom", () => {
  it("is that of this computer's eyes and screen: a window of another profile begins with it", async () => {
    localStorage.setItem("zoom", "1.25");
    await open();
    expect(document.documentElement.dataset.zoom).toBe("1.25");
    localStorage.setItem("zoom", "7");
    cleanup();
    delete document.documentElement.dataset.zoom;
    await open();
    expect(document.documentElement.dataset.zoom).toBeUndefined();
    localStorage.clear();
  });

  it("follows Ctrl with +, − and 0, and is there at the next start", async () => {
    localStorage.clear();
    const { model } = await open({ scene: "busy" });
    const zoom = () => document.documentElement.dataset.zoom;
    const key = (name: string) => fireEvent.keyDown(window, { key: name, ctrlKey: true });
    await key("+");
    await key("=");
    expect(zoom()).toBe("1.25");
    await key("-");
    expect(zoom()).toBe("1.1");
    expect(localStorage.getItem("zoom")).toBe("1.1");
    await key("0");
    expect(zoom()).toBe("1");
    for (let i = 0; i < 20; i += 1) await key("+");
    expect(zoom()).toBe("2");
    expect(model.view).toBe("room");
    localStorage.clear();
  });
});
