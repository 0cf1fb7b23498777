import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { click, open } from "../testing/app";

async function choose(testid: string, label: string): Promise<void> {
  const select = await screen.findByTestId<HTMLSelectElement>(testid);
  select.selectedIndex = [...select.options].findIndex((option) => option.text === label);
  await fireEvent.change(select);
}

const esc = () => fireEvent.keyDown(window, { key: "Escape" });

beforeEach(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.setAttribute("open", "");
  };
});
afterEach(cleanup);
describe("my video", () => {
  it("goes live, switches to TCP by the arrow keys, and stops by Esc", async () => {
    const { backend, model } = await open({ scene: "empty" });
    await click("start-video");
    await screen.findByTestId("stop-video");
    const udp = screen.getByTestId("transport-udp");
    expect(udp).toHaveAttribute("aria-checked", "true");
    udp.focus();
    await fireEvent.keyDown(udp, { key: "ArrowLeft" });
    await waitFor(() => expect(screen.getByTestId("transport-tcp")).toHaveAttribute("aria-checked", "true"));
    expect(backend.calls).toContainEqual({ command: "video|set_transport", args: { transport: "tcp" } });
    expect(document.activeElement).toBe(screen.getByTestId("transport-tcp"));
    await esc();
    await screen.findByTestId("start-video");
    expect(model.video.live).toBeNull();
  });

  it("goes on while Esc closes what lies on top", async () => {
    const { model } = await open({ scene: "busy" });
    await click("settings");
    await screen.findByTestId("settings-dialog");
    await esc();
    await waitFor(() => expect(screen.queryByTestId("settings-dialog")).toBeNull());
    expect(model.video.live).not.toBeNull();
    await click("open-wire");
    await screen.findByTestId("wire");
    await esc();
    await screen.findByTestId("room");
    expect(model.video.live).not.toBeNull();
    await esc();
    await waitFor(() => expect(model.video.live).toBeNull());
  });

  it("records a stream until it is stopped, and says where the recording is", async () => {
    const { backend } = await open({ scene: "busy" });
    await screen.findByTestId("room");
    const large = document.querySelector("article.large") as HTMLElement;
    const id = within(large)
      .getByTestId(/^tile-/)
      .dataset.testid?.slice("tile-".length);
    // No picture was drawn here, where there is no canvas; the shell has them all the same.
    await backend.call("video|start_recording", { stream: Number(id) });
    expect(await within(large).findByTestId(`recording-${id}`)).toHaveTextContent("REC");
    await fireEvent.click(within(large).getByTestId("record"));
    expect(await screen.findByTestId("toast")).toHaveTextContent(`stream-${id}.avi`);
    await waitFor(() => expect(within(large).queryByTestId(`recording-${id}`)).toBeNull());
  });

  it("says how pictures are made while the network takes no more, and lets that be switched off while live", async () => {
    const { backend, model } = await open({ scene: "busy" });
    const live = model.video.live;
    if (!live) throw new Error("my video is not live");
    expect(screen.queryByTestId("adapted")).toBeNull();
    backend.emit("video:event", {
      kind: "live",
      live: { ...live, made: { quality: 30, width: 320, height: 240, rate: 15 } },
      error: null,
    });
    expect(await screen.findByTestId("adapted")).toHaveTextContent("now JPEG 30 · 320×240 · 15 fps");
    await click("settings");
    await choose("settings-least-bitrate", "5 Mbit/s");
    await waitFor(() =>
      expect(backend.calls.at(-1)?.args).toMatchObject({ spec: { leastKbps: 5_000, mostKbps: null } }),
    );
    await choose("settings-most-bitrate", "2 Mbit/s");
    await waitFor(() =>
      expect(backend.calls.at(-1)?.args).toMatchObject({ spec: { leastKbps: 2_000, mostKbps: 2_000 } }),
    );
    await fireEvent.click(await screen.findByTestId("settings-fit"));
    await waitFor(() => expect(backend.calls.at(-1)?.args).toMatchObject({ spec: { isFixed: true } }));
    expect(backend.calls.at(-1)?.args).toMatchObject({ spec: { isFixed: true, leastQuality: 30 } });
    await waitFor(() => expect(screen.queryByTestId("adapted")).toBeNull());
  });

  it("distinguishes a shared screen from a camera", async () => {
    const { model } = await open({ scene: "empty" });
    await model.video.loadSources();
    await model.video.useSource("screen:1");
    await model.video.start();
    const id = model.video.live?.stream;
    expect(await screen.findByTestId(`screen-${id}`)).toHaveAccessibleName("A shared screen or window");
    const tile = screen.getByTestId(`tile-${id}`).closest("article") as HTMLElement;
    expect(tile).toHaveTextContent("Screen 1 (eDP-1)");
    await model.video.stop();
    await model.video.useSource("pattern");
    await model.video.start();
    await waitFor(() => expect(screen.getByTestId(`tile-${model.video.live?.stream}`)).toBeVisible());
    expect(screen.queryByTestId(/^screen-/)).toBeNull();
  });

  it("says in words why the camera does not start, with a next step", async () => {
    const { backend, model } = await open({ scene: "empty" });
    await model.video.useSource("camera:/dev/video0");
    backend.refuse("video|start_video", "camera_busy");
    await click("start-video");
    const note = await screen.findByTestId("video-error");
    expect(note).toHaveTextContent("Another program holds the camera HD Webcam C270.");
    backend.refuse("video|start_video", null);
    await fireEvent.click(within(note).getByText("Test pattern"));
    await screen.findByTestId("stop-video");
    expect(screen.queryByTestId("video-error")).toBeNull();
  });
});
