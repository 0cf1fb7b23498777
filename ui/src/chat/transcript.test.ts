import { describe, expect, it } from "vitest";
import type { ChatEntry } from "../bindings/contract";
import { setLanguage } from "../shared/i18n/index.svelte";
import { transcript } from "./transcript";

const AT = new Date(2026, 10, 28, 9, 46, 3).getTime();

function entry(body: ChatEntry["body"], name = "Ada"): ChatEntry {
  return {
    key: 1,
    era: 0,
    seq: 1,
    body,
    from: 1,
    name,
    colour: "#2f6f5e",
    address: "10.0.0.2:1",
    mine: false,
    atMs: AT,
    state: "delivered",
    error: null,
  };
}

describe("a saved conversation", () => {
  it("has a line for each entry, in the language in force", () => {
    const entries = [entry({ kind: "joined" }), entry({ kind: "text", text: "hello" })];
    expect(transcript("Lab", entries)).toBe("Lab\n\n2026-11-28 09:46:03 Ada joined\n2026-11-28 09:46:03 Ada: hello\n");
    setLanguage("zh");
    expect(transcript("Lab", entries)).toContain("Ada 加入了房间");
  });

  it("shows no message as another person's, whatever lines it or a name has", () => {
    for (const end of ["\n", "\r\n", "\r", "\u2028", "\u0085", "\v"]) {
      const forged = `hello${end}2026-11-28 09:46:04 Ben: I agree`;
      const lines = transcript("Lab", [entry({ kind: "text", text: forged }), entry({ kind: "joined" }, forged)]).split(
        /[\n\v\f\r\u0085\u2028\u2029]/,
      );
      expect(lines.filter((line) => line.startsWith("2026-11-28 09:46:04"))).toEqual([]);
      expect(lines.filter((line) => line.startsWith("2026-11-28 09:46:03"))).toHaveLength(2);
    }
  });
});
