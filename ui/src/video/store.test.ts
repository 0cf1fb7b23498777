import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFakeBackend, type FakeBackend } from "../backend/fake";
import { videoApi } from "./api";
import { PATTERN, VideoStore } from "./store.svelte";

let backend: FakeBackend;
let video: VideoStore;
const asked = () => backend.calls.map((call) => call.command);

beforeEach(async () => {
  backend = createFakeBackend({ scene: "empty", alive: false, delayMs: 0 });
  video = new VideoStore(videoApi(backend));
  await backend.on("video:event", (event) => video.apply(event));
  await video.loadSources();
});

describe("my video", () => {
  it("is offered with a format that the source has", () => {
    expect(video.choice).toMatchObject({ source: PATTERN, format: { width: 640, height: 480, rate: 30 }, quality: 50 });
  });

  it("starts, and shows its stream", async () => {
    await video.useDefaults({
      transport: "tcp",
      quality: 70,
      leastQuality: 30,
      leastKbps: null,
      mostKbps: 20_000,
      isFixed: false,
    });
    await video.start();
    expect(backend.calls.at(-1)).toEqual({
      command: "video|start_video",
      args: {
        spec: {
          source: PATTERN,
          width: 640,
          height: 480,
          rate: 30,
          quality: 70,
          leastQuality: 30,
          leastKbps: null,
          mostKbps: 20_000,
          isFixed: false,
          transport: "tcp",
        },
      },
    });
    expect(video.live?.spec.transport).toBe("tcp");
    expect(video.streams).toMatchObject([{ mine: true, transport: "tcp" }]);
    expect(video.large?.mine).toBe(true);
  });

  it("switches TCP and UDP while live with one command, and before it with none", async () => {
    await video.useTransport("tcp");
    expect(asked()).toEqual(["video|sources"]);
    await video.start();
    await video.useTransport("udp");
    expect(asked().slice(-2)).toEqual(["video|start_video", "video|set_transport"]);
    expect(video.live?.spec.transport).toBe("udp");
    expect(video.streams[0]?.transport).toBe("udp");
  });

  it("keeps the transport in force when the switch is refused", async () => {
    await video.start();
    backend.refuse("video|set_transport", "timed_out");
    await video.useTransport("tcp");
    expect(video.choice.transport).toBe("udp");
    expect(video.error?.code).toBe("timed_out");
  });

  it("changes size, quality and source while live", async () => {
    await video.start();
    await video.useFormat({ width: 1280, height: 720, rate: 30 });
    expect(video.streams[0]).toMatchObject({ width: 1280, height: 720 });
    await video.useQuality(80);
    expect(video.live?.spec.quality).toBe(80);
    await video.useSource("camera:/dev/video0");
    expect(video.live?.spec).toMatchObject({ source: "camera:/dev/video0", width: 1280, height: 720 });
    expect(asked().filter((command) => command === "video|change_video")).toHaveLength(3);
  });

  it("stops and starts any number of times", async () => {
    for (let i = 0; i < 3; i += 1) {
      await video.start();
      expect(video.live).not.toBeNull();
      await video.stop();
      expect(video.live).toBeNull();
      expect(video.streams).toEqual([]);
      expect(video.error).toBeNull();
    }
  });

  it("says why a camera did not start, and starts the pattern in its place", async () => {
    backend.refuse("video|start_video", "camera_busy");
    await video.startWith("camera:/dev/video0");
    expect(video.error?.code).toBe("camera_busy");
    backend.refuse("video|start_video", null);
    await video.startWith(PATTERN);
    expect(video.error).toBeNull();
    expect(video.live?.spec.source).toBe(PATTERN);
  });

  it("says why it ended by itself", async () => {
    await video.start();
    backend.room.stopVideo({ code: "camera_unplugged", message: "", context: {} });
    expect(video.live).toBeNull();
    expect(video.error?.code).toBe("camera_unplugged");
  });

  it("uses a chosen file, and remembers it among the sources", async () => {
    await video.useFile();
    expect(video.choice).toMatchObject({ source: "file:1", format: { rate: 25 } });
    await video.loadSources();
    expect(video.sources.map((source) => source.kind)).toContain("file");
  });

  it("asks a source whose sizes are not known for its own", async () => {
    const backend = createFakeBackend({ delayMs: 0, alive: false, scene: "empty" });
    const api = videoApi(backend);
    const video = new VideoStore({
      ...api,
      sources: async () => [{ id: "screen", kind: "screen", name: "Screen", formats: [] }],
    });
    expect(video.spec()).toBeNull();
    await video.loadSources();
    await video.useSource("screen");
    expect(video.spec()).toMatchObject({ source: "screen", width: 0, height: 0, rate: 0 });
    backend.refuse("video|start_video", "screen_absent");
    await video.start();
    expect(video.error?.code).toBe("screen_absent");
  });
});

describe("streams", () => {
  const theirs = {
    id: 70,
    owner: 5,
    ownerName: "Ada",
    mine: false,
    source: "camera" as const,
    title: "",
    width: 640,
    height: 480,
    rate: 30,
    transport: "udp" as const,
    watching: true,
    recordingSinceMs: null,
  };
  const stop = () => video.apply({ kind: "stopped", stream: 70, reason: null });
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("go when they end", () => {
    video.apply({ kind: "started", stream: theirs });
    stop();
    vi.advanceTimersByTime(1000);
    expect(video.streams).toEqual([]);
  });

  it("stay with their last picture when they end because the connection does, in either order", () => {
    for (const order of [
      [stop, () => video.hold()],
      [() => video.hold(), stop],
    ]) {
      video.apply({ kind: "started", stream: theirs });
      for (const step of order) step();
      vi.advanceTimersByTime(10_000);
      expect(video.streams.map((stream) => stream.id)).toEqual([70]);
      video.reset([], null);
      expect(video.streams).toEqual([]);
    }
  });

  it("of mine stay as well, and go at once when my video ends, connected or not", () => {
    const mine = { ...theirs, id: 71, mine: true };
    const stopMine = () => video.apply({ kind: "stopped", stream: 71, reason: null });
    video.apply({ kind: "started", stream: mine });
    stopMine();
    video.hold();
    vi.advanceTimersByTime(10_000);
    expect(video.streams.map((stream) => stream.id)).toEqual([71]);
    video.apply({ kind: "live", live: null, error: null });
    expect(video.streams).toEqual([]);

    video.reset([mine], null);
    stopMine();
    video.apply({ kind: "live", live: null, error: null });
    expect(video.streams).toEqual([]);
  });

  it("are asked for no more when nobody looks, unless they are recorded or not wanted anyway", async () => {
    for (const id of [70, 71, 72])
      video.apply({ kind: "started", stream: { ...theirs, id, recordingSinceMs: id === 71 ? 1 : null } });
    await video.watch(72, false);
    for (const id of [70, 71, 72]) video.sight.place(id);
    const before = backend.calls.length;
    vi.advanceTimersByTime(10_000);
    const watched = backend.calls.slice(before).filter((call) => call.command === "video|watch");
    expect(watched.map((call) => call.args)).toEqual([{ stream: 70, on: false }]);
  });
});
