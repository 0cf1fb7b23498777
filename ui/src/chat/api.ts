import type { ChatEvent } from "../bindings/contract";
import type { Host } from "../host/types";

/** What is said in the room. */
export function chatApi(host: Host) {
  return {
    say: (text: string) => host.call("chat|say", { text }),
    resend: (key: number) => host.call("chat|resend", { key }),
    /** Lets a person choose where a conversation is written; answers the path, or null when the dialog was dismissed. */
    save: (text: string) => host.call("chat|save_conversation", { text }),
    onEvent: (handler: (event: ChatEvent) => void) => host.on("chat:event", handler),
  };
}

export type ChatApi = ReturnType<typeof chatApi>;
