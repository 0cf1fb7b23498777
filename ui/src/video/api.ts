import type { DrawnFrame, Transport, VideoEvent, VideoSpec } from "../bindings/contract";
import type { Host } from "../host/types";

/** Live pictures, mine and theirs. */
export function videoApi(host: Host) {
  return {
    sources: () => host.call("video|sources", {}),
    chooseFile: () => host.call("video|choose_video_file", {}),
    start: (spec: VideoSpec) => host.call("video|start_video", { spec }),
    change: (spec: VideoSpec) => host.call("video|change_video", { spec }),
    setTransport: (transport: Transport) => host.call("video|set_transport", { transport }),
    stop: () => host.call("video|stop_video", {}),
    watch: (stream: number, on: boolean) => host.call("video|watch", { stream, on }),
    /** See {@link Host.nextFrame}. */
    nextFrame: (stream: number, after: number, drawn: DrawnFrame | null) => host.nextFrame(stream, after, drawn),
    saveSnapshot: (stream: number) => host.call("video|save_snapshot", { stream }),
    /** Answers the film's path. */
    startRecording: (stream: number) => host.call("video|start_recording", { stream }),
    stopRecording: (stream: number) => host.call("video|stop_recording", { stream }),
    onEvent: (handler: (event: VideoEvent) => void) => host.on("video:event", handler),
  };
}

export type VideoApi = ReturnType<typeof videoApi>;
