import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../bindings/contract";
import { explain } from "../errors";
import { hasMessage, setLanguage, t } from "./index.svelte";
import { fill, parts } from "./template";

describe("templates", () => {
  it("fill in values and choose the word that fits a number", () => {
    expect(fill("{n|message|messages} for {name}", { n: 1, name: "Ada" })).toBe("1 message for Ada");
    expect(fill("{n|message|messages} for {name}", { n: 3, name: "Ada" })).toBe("3 messages for Ada");
  });

  it("leave out what is not known, and say so where it cannot be left out", () => {
    expect(fill("Port[ {port}] is in use", {})).toBe("Port is in use");
    expect(fill("Port[ {port}] is in use", { port: "27182" })).toBe("Port 27182 is in use");
    expect(fill("by {name}", { name: null })).toBe("by —");
  });

  it("set apart what people wrote, and never read it as a template", () => {
    expect(parts("{name} joined", { name: "{evil} [x]" })).toEqual([
      { text: "{evil} [x]", user: true },
      { text: " joined", user: false },
    ]);
  });
});

describe("language", () => {
  it("changes at run time", () => {
    expect(t("start.host")).toBe("Host a room");
    setLanguage("zh");
    expect(t("start.host")).toBe("主持房间");
    expect(document.documentElement.lang).toBe("zh-CN");
  });

  it("has a sentence and a next step for every error code", () => {
    // A record, so that the compiler misses a code that is not here.
    const all: Record<ErrorCode, true> = {
      port_in_use: true,
      address_invalid: true,
      unreachable: true,
      refused: true,
      not_a_room: true,
      version_mismatch: true,
      identity_changed: true,
      known_rooms_unreadable: true,
      host_gone: true,
      timed_out: true,
      too_long: true,
      empty: true,
      no_room: true,
      already_in_room: true,
      file_unreadable: true,
      is_folder: true,
      not_picked: true,
      disk_full: true,
      file_gone: true,
      file_corrupt: true,
      file_too_long: true,
      file_not_placed: true,
      file_changed: true,
      too_many_open: true,
      cancelled: true,
      camera_busy: true,
      camera_forbidden: true,
      camera_unplugged: true,
      camera_absent: true,
      camera_stalled: true,
      screen_absent: true,
      window_closed: true,
      format_unsupported: true,
      ffmpeg_missing: true,
      video_unreadable: true,
      recording_failed: true,
      already_live: true,
      not_live: true,
      storage: true,
      internal: true,
    };
    const codes = Object.keys(all) as ErrorCode[];
    for (const code of codes) {
      expect(hasMessage(`error.${code}.what`), code).toBe(true);
      expect(hasMessage(`error.${code}.next`), code).toBe(true);
      const words = explain({ code, message: "english", context: {} });
      expect(words.what, code).not.toMatch(/[{}[\]—]/);
      expect(words.next, code).not.toMatch(/[{}[\]—]/);
    }
  });

  it("uses what an error knows", () => {
    const error = { code: "port_in_use" as const, message: "", context: { port: "4000" } };
    expect(explain(error).what).toBe("Port 4000 is in use on this computer.");
    setLanguage("zh");
    expect(explain(error).what).toContain("4000");
  });
});
