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

const answers = (calls: { command: string; args: unknown }[]) => calls.filter((call) => call.command === "session|answer_close").map((call) => call.args);

describe("a window that is to be closed", () => {
  it("says who loses what, and stays or goes as it is told", async () => {
    const { host } = await open({ scene: "busy", role: "host" });
    host.emit("session:event", { kind: "close_asked", others: 4, moving: 1 });
    const question = await screen.findByTestId("close-window");
    expect(question).toHaveTextContent("4 other people are here");
    expect(question).toHaveTextContent("1 file is on the move");
    await click("close-window-stay");
    expect(screen.queryByTestId("close-window")).toBeNull();
    expect(screen.getByTestId("room")).toBeVisible();

    host.emit("session:event", { kind: "close_asked", others: 4, moving: 0 });
    await fireEvent.keyDown(window, { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("close-window")).toBeNull());

    host.emit("session:event", { kind: "close_asked", others: 4, moving: 0 });
    await screen.findByTestId("close-window");
    await click("close-window-go");
    expect(answers(host.calls)).toEqual([{ close: false }, { close: false }, { close: true }]);
  });
});

describe("a room that its host ended", () => {
  it("can still be read, until another is entered", async () => {
    const { host, model } = await open({ scene: "busy" });
    host.room.close({ code: "host_gone", message: "", context: {} });
    expect(await screen.findByTestId("past")).toHaveTextContent("Which p95 did you get with 2% loss?");
    expect(screen.queryByTestId("composer")).toBeNull();
    await fireEvent.keyDown(window, { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("past")).toBeNull());
    await click("read-past");
    expect(screen.getByTestId("past")).toBeVisible();
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

  it("copies a message, and never shows a browser's menu outside of a field", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", Object.assign(Object.create(navigator), { clipboard: { writeText } }));
    await open({ scene: "busy" });
    expect(await at(screen.getByTestId("composer"))).toBe(true);
    expect(await at(screen.getByTestId("people"))).toBe(false);
    expect(screen.queryByTestId("menu")).toBeNull();
    expect(await at(screen.getByText("Which p95 did you get with 2% loss?"))).toBe(false);
    await click("menu-copy");
    expect(writeText).toHaveBeenCalledWith("Which p95 did you get with 2% loss?");
    expect(screen.queryByTestId("menu")).toBeNull();
    vi.unstubAllGlobals();
  });
});

describe("the zoom", () => {
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
