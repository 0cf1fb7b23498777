import { cleanup, screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, it } from "vitest";
import type { LinkView } from "../bindings/contract";
import { click, open } from "../testing/app";
import { KERNEL, linkView } from "../testing/links";

afterEach(cleanup);

describe("the wire", () => {
  it("shows the figures of both transports and exports them", async () => {
    const { backend } = await open({ scene: "busy" });
    await waitFor(() => expect(screen.getByTestId("num.p50-tcp")).not.toHaveTextContent("—"));
    expect(screen.getByTestId("num.p50-udp")).not.toHaveTextContent("—");
    await click("open-wire");
    await screen.findByTestId("wire");
    expect(screen.getByTestId("num.buffer")).toHaveTextContent("8");
    await click("export-csv");
    expect(await screen.findByTestId("toast")).toHaveTextContent("roomwire-results.csv");
    expect(backend.calls).toContainEqual({ command: "metrics|export_results", args: { format: "csv" } });
    await click("export-html");
    expect(await screen.findByText("Results saved: /home/mara/Documents/roomwire-results.html")).toBeVisible();
  });

  it("counts a link once, whatever carries it, and two links apart", async () => {
    const { backend, model } = await open({ scene: "empty" });
    const report = (...links: LinkView[]) =>
      backend.emit("metrics:event", { kind: "points", points: [], links, conditioned: null });
    model.view = "wire";
    report(linkView());
    report(linkView({ transport: "udp", frames: 450 }));
    expect(await screen.findByTestId("num.frames")).toHaveTextContent("450");
    expect(screen.getByTestId("num.p50-tcp")).toHaveTextContent("5.0");
    report(
      linkView({ transport: "udp", frames: 460 }),
      linkView({ peer: 4, frames: 12, kernel: { ...KERNEL, rttUs: 900, windowBytes: 35_840 } }),
    );
    expect(await screen.findByTestId("num.frames-udp")).toHaveTextContent("460");
    expect(screen.getByTestId("num.frames-tcp")).toHaveTextContent("12");
    expect(screen.getByTestId("num.kernelRtt-tcp")).toHaveTextContent("0.90");
    expect(screen.getByTestId("num.window-tcp")).toHaveTextContent("35");
    expect(screen.getByTestId("sock.segment")).toHaveTextContent("1,448");
    expect(screen.getByTestId("sock.leastRtt")).toHaveTextContent("—");
    expect(screen.getByTestId("num.kernelRtt-udp")).toHaveTextContent("—");
  });

  it("shows the latest frames' trip from camera to screen, and one frame's when it is asked for", async () => {
    const { backend, model } = await open({ scene: "busy" });
    await click("open-wire");
    await waitFor(() => expect(screen.getByTestId("trip-drawn")).toHaveAttribute("data-known", "true"));
    expect(screen.getByTestId("trip-whole")).toHaveTextContent(
      /^\d+\.\d \/ \d+\.\d ms ±0\.21 camera to screen p50 \/ p95$/,
    );
    expect(screen.getByTestId("trip-frame")).toHaveTextContent(/^medians of \d+$/);
    expect(screen.getByTestId("trip-firstOut")).toHaveTextContent("known where it is sent from");
    expect(screen.getByTestId("trip-captured")).toHaveTextContent("sender ±0.21 ms");
    await click("trip-earlier");
    expect(screen.getByTestId("trip-frame")).toHaveTextContent(/^frame [\d,]+$/);
    const before = model.metrics.trips.frame;
    backend.emit("metrics:event", { kind: "points", points: [], links: [...model.metrics.links], conditioned: null });
    await Promise.resolve();
    expect(model.metrics.trips.frame).toBe(before);
    await click("trip-release");
    expect(screen.getByTestId("trip-frame")).toHaveTextContent("medians");
  });

  it("shows what the sender knows of a frame's trip to a peer", async () => {
    const { model } = await open({ scene: "busy" });
    await click("open-wire");
    const out = model.metrics.links.find((link) => link.direction === "out");
    model.metrics.trips.choose({ stream: out?.stream ?? 0, to: out?.peer ?? 0 });
    await waitFor(() => expect(screen.getByTestId("trip-acked")).toHaveAttribute("data-known", "true"));
    expect(screen.getByTestId("trip-drawn")).toHaveTextContent("known where it is seen");
    expect(screen.getByTestId("trip-received")).toHaveTextContent("receiver ±0.21 ms");
    expect(screen.getByTestId("trip-whole")).toHaveTextContent("camera to acknowledgement");
  });

  it("makes the network worse by a known name, says so wherever one looks, and makes it as it was by one click", async () => {
    const { backend, model } = await open({ scene: "busy" });
    await click("open-wire");
    await click("cond.badWifi");
    expect(await screen.findByTestId("worse")).toHaveTextContent(
      "Worse on purpose: 5 % lost, 8–33 ms later, 10 Mbit/s, 1 % overtaken",
    );
    expect(screen.getByTestId("conditioner-switch")).toHaveAttribute("aria-checked", "true");
    expect(screen.getByTestId("cond.badWifi")).toHaveAttribute("aria-pressed", "true");
    backend.emit("metrics:event", {
      kind: "points",
      points: [],
      links: [],
      conditioned: { packets: 61_000, lost: 3050 },
    });
    await waitFor(() =>
      expect(screen.getByTestId("conditioner-note")).toHaveTextContent("3,050 of 61,000 packets lost so far."),
    );
    await click("wire-back");
    await screen.findByTestId("room");
    await click("worse-off");
    await waitFor(() => expect(screen.queryByTestId("worse")).toBeNull());
    expect(backend.calls.at(-1)).toEqual({ command: "metrics|set_conditions", args: { conditions: null } });
    expect(model.metrics.experiments.draft.lossPct).toBe(2);
  });

  it("compares TCP with UDP, marks the better figure of each, and saves the table", async () => {
    const { backend } = await open({ scene: "busy", secondMs: 1 });
    await click("open-wire");
    await click("compare-start");
    expect(await screen.findByTestId("compare-done")).toBeVisible();
    expect(screen.getByTestId("compare.gap-tcp")).toHaveClass("best");
    expect(screen.getByTestId("compare.gap-udp")).not.toHaveClass("best");
    expect(screen.getByTestId("compare.arrived-udp")).not.toHaveClass("best");
    expect(screen.getByTestId("compare-table")).toHaveTextContent("10 s each");
    await click("compare-csv");
    expect(await screen.findByTestId("toast")).toHaveTextContent("roomwire-comparison.csv");
    await click("compare-html");
    expect(backend.calls.at(-1)).toEqual({ command: "metrics|export_comparison", args: { format: "html" } });
    expect(backend.calls).toContainEqual({ command: "metrics|start_comparison", args: { seconds: 10 } });
  });

  it("ends a comparison on request, and needs a video of one's own", async () => {
    const { model } = await open({ scene: "busy", secondMs: 100_000 });
    await click("open-wire");
    await click("compare-start");
    expect(await screen.findByText("TCP for 10 s …")).toBeVisible();
    await click("compare-stop");
    expect(await screen.findByText("It was cancelled.")).toBeVisible();
    await model.video.stop();
    await waitFor(() => expect(screen.getByTestId("compare-start")).toBeDisabled());
  });

  it("counts with the reasons when they are looked at", async () => {
    const { backend } = await open({ scene: "busy" });
    await click("open-wire");
    expect(backend.calls.map((call) => call.command)).not.toContain("metrics|counts");
    const details = screen.getByTestId<HTMLDetailsElement>("reasons");
    details.open = true;
    details.dispatchEvent(new Event("toggle"));
    const row = await screen.findByTestId("count-lost-overtaken");
    expect(row).toHaveTextContent("lost: a newer one was first");
    expect(row).toHaveTextContent(/11\s*—$/);
  });

  it("says why there are no figures: nobody is live, or nobody watches", async () => {
    const { model } = await open({ scene: "empty" });
    model.view = "wire";
    expect(await screen.findByText(/while nobody is live/)).toBeVisible();
    await model.video.start();
    model.metrics.clear();
    expect((await screen.findAllByText(/while nobody watches/))[0]).toBeVisible();
  });

  it("shows the log in the language in force", async () => {
    const { backend } = await open({ scene: "busy", language: "zh" });
    await click("open-wire");
    expect(await screen.findByText("正在端口 27182 上监听 TCP 与 UDP")).toBeVisible();
    backend.emit("metrics:event", {
      kind: "logged",
      entry: { atMs: 0, icon: "info", code: "of_tomorrow", text: "something new", context: {} },
    });
    expect(await screen.findByText("something new")).toBeVisible();
  });
});
