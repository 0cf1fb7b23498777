import { describe, expect, it } from "vitest";
import { around, finder, pieces } from "./search";

const marked = (text: string, query: string) =>
  pieces(text, finder(query))
    .map((p) => (p.hit ? `[${p.text}]` : p.text))
    .join("");

describe("a search", () => {
  it("marks every hit in whatever case, and keeps the text as it is", () => {
    expect(marked("UDP then udp, not TCP", " udp ")).toBe("[UDP] then [udp], not TCP");
    expect(marked("先用 UDP 跑一遍", "跑")).toBe("先用 UDP [跑]一遍");
    expect(marked("ÉCOLE", "éc")).toBe("[ÉC]OLE");
  });

  it("takes signs for themselves", () => {
    expect(marked("p95 (2%) [a/b] a.b $1", "a.b")).toBe("p95 (2%) [a/b] [a.b] $1");
    for (const sign of [..."\\^$.*+?()[]{}|/-"]) expect(marked(`x${sign}y`, sign), sign).toBe(`x[${sign}]y`);
    expect(marked("👩‍🔬 👩", "👩")).toBe("[👩]‍🔬 [👩]");
  });

  it("for nothing finds nothing", () => {
    expect(finder("  ")).toBeNull();
    expect(marked("as it is", "")).toBe("as it is");
    expect(marked("", "x")).toBe("");
  });

  it("shows of a long text what is around the hit, and cuts no sign in two", () => {
    const long = `${"👩".repeat(1000)}here${"👩".repeat(1000)}`;
    const find = finder("here");
    if (!find) throw new Error("no finder");
    const shown = around(long, find, 120);
    expect(shown).toMatch(/^…(👩)+here(👩)+…$/u);
    expect(shown.length).toBeLessThan(130);
    expect(around("here and no more", find, 120)).toBe("here and no more");
  });
});
