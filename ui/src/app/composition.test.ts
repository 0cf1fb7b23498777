import { cleanup, fireEvent, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { click, open } from "../testing/app";

beforeEach(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.setAttribute("open", "");
  };
});
afterEach(cleanup);

/** A key as WebKit reports it that ended a composition, and as other engines do that is part of one. */
const COMPOSED = [{ keyCode: 229 }, { isComposing: true }];
const KEYS = ["Enter", "Escape", "ArrowLeft", "ArrowRight", "Home", "End"];

async function typeComposed(): Promise<void> {
  for (const field of document.querySelectorAll("input, textarea, select, [role=tab], [role=radio], body")) {
    for (const key of KEYS) for (const how of COMPOSED) await fireEvent.keyDown(field, { key, ...how });
  }
  await tick();
}

const SCREENS = [
  { name: "the start screen", scene: "start" as const, go: async () => undefined },
  { name: "the first start", scene: "first" as const, go: async () => undefined },
  { name: "a room", scene: "busy" as const, go: async () => undefined },
  { name: "a search", scene: "busy" as const, go: async () => void (await click("search")) },
  { name: "the wire", scene: "busy" as const, go: async () => void (await click("open-wire")) },
  { name: "the settings", scene: "busy" as const, go: async () => void (await click("settings")) },
];

describe("keys of an input method do nothing else", () => {
  for (const { name, scene, go } of SCREENS) {
    it(`in ${name}`, async () => {
      const { backend, model } = await open({ scene });
      await go();
      for (const field of document.querySelectorAll<HTMLInputElement>(
        "input[type=text], input:not([type]), textarea",
      )) {
        await fireEvent.input(field, { target: { value: "nihao" } });
      }
      const before = [
        backend.calls.length,
        model.view,
        model.settingsOpen,
        model.chat.query,
        model.chat.draft,
        model.video.live?.stream,
      ];
      const page = document.body.innerHTML;
      await typeComposed();
      expect([
        backend.calls.length,
        model.view,
        model.settingsOpen,
        model.chat.query,
        model.chat.draft,
        model.video.live?.stream,
      ]).toEqual(before);
      expect(document.body.innerHTML).toBe(page);
    });
  }

  it("and the same keys by themselves do what they are for", async () => {
    const { backend, model } = await open({ scene: "busy" });
    const composer = screen.getByTestId("composer");
    await fireEvent.input(composer, { target: { value: "你好" } });
    await fireEvent.keyDown(composer, { key: "Enter" });
    expect(backend.calls.at(-1)?.command).toBe("chat|say");
    await fireEvent.keyDown(composer, { key: "Escape" });
    expect(backend.calls.at(-1)?.command).toBe("video|stop_video");
    expect(model.view).toBe("room");
  });

  it("nor does a dialog close that a browser cancels by such a key", async () => {
    const { model } = await open({ scene: "busy" });
    await click("settings");
    const dialog = document.querySelector("dialog") as HTMLDialogElement;
    const cancel = () => fireEvent(dialog, new Event("cancel", { cancelable: true }));
    await fireEvent.keyDown(dialog, { key: "Escape", keyCode: 229 });
    await cancel();
    expect(model.settingsOpen).toBe(true);
    await fireEvent.keyDown(dialog, { key: "Tab" });
    await cancel();
    expect(model.settingsOpen).toBe(false);
  });
});
