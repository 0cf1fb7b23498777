import type { ChatEvent } from "../bindings/contract";
import type { Backend } from "../backend/types";

/** What is said in the room. */
export function chatApi(backend: Backend) {
  return {
    say: (text: string) => backend.call("chat|say", { text }),
    resend: (key: number) => backend.call("chat|resend", { key }),
    /** Lets a person choose where a conversation is written; answers the path, or null when the dialog was dismissed. */
    save: (text: string) => backend.call("chat|save_conversation", { text }),
    onEvent: (handler: (event: ChatEvent) => void) => backend.on("chat:event", handler),
  };
}

export type ChatApi = ReturnType<typeof chatApi>;
