import type { DrawnFrame, Transport, VideoEvent, PublishOptionsView } from "../bindings/contract";
import type { Backend } from "../backend/types";

/** Live pictures, mine and theirs. */
export function videoApi(backend: Backend) {
  return {
    sources: () => backend.call("video|sources", {}),
    chooseFile: () => backend.call("video|choose_video_file", {}),
    start: (spec: PublishOptionsView) => backend.call("video|start_video", { spec }),
    change: (spec: PublishOptionsView) => backend.call("video|change_video", { spec }),
    setTransport: (transport: Transport) => backend.call("video|set_transport", { transport }),
    stop: () => backend.call("video|stop_video", {}),
    watch: (stream: number, on: boolean) => backend.call("video|watch", { stream, on }),
    /** See {@link Backend.nextFrame}. */
    nextFrame: (stream: number, after: number, drawn: DrawnFrame | null) => backend.nextFrame(stream, after, drawn),
    saveSnapshot: (stream: number) => backend.call("video|save_snapshot", { stream }),
    /** Answers the recording's file. */
    startRecording: (stream: number) => backend.call("video|start_recording", { stream }),
    stopRecording: (stream: number) => backend.call("video|stop_recording", { stream }),
    onEvent: (handler: (event: VideoEvent) => void) => backend.on("video:event", handler),
  };
}

export type VideoApi = ReturnType<typeof videoApi>;
