import type { ChatEvent } from "../bindings/contract";
import type { Host } from "../host/types";

/** What is said in the room. */
export function chatApi(host: Host) {
  return {
    say: (text: string) => host.call("chat|say", { text }),
    resend: (key: number) => host.call("chat|resend", { key }),
    onEvent: (handler: (event: ChatEvent) => void) => host.on("chat:event", handler),
  };
}

export type ChatApi = ReturnType<typeof chatApi>;
