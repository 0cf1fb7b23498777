import type { ChatBody } from "../bindings/contract";
import type { Key } from "../shared/i18n/index.svelte";

/** What a line says that nobody wrote. */
export function noticeKey(body: Exclude<ChatBody, { kind: "text" }>): Key {
  switch (body.kind) {
    case "opened":
      return "chat.opened";
    case "joined":
      return "chat.joined";
    case "left":
      return `chat.left.${body.reason}`;
    case "anew":
      return "chat.anew";
  }
}
