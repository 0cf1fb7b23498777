import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const tokens = readFileSync("src/shared/style/tokens.css", "utf8");

/** Faces that each system brings, or that its Chinese edition does: one for figures of one width, one for text, and Chinese. */
const SYSTEMS = {
  macos: { text: ["-apple-system"], mono: ["ui-monospace", "SF Mono"], chinese: ["PingFang SC"] },
  windows: { text: ["Segoe UI"], mono: ["Cascadia Mono", "Consolas"], chinese: ["Microsoft YaHei UI"] },
  linux: {
    text: ["Cantarell", "Ubuntu", "Noto Sans"],
    mono: ["DejaVu Sans Mono", "Ubuntu Mono"],
    chinese: ["Noto Sans CJK SC", "Source Han Sans SC"],
  },
};

function stack(name: string): string[] {
  const value = new RegExp(`--${name}:([^;]*);`).exec(tokens)?.[1] ?? "";
  return value.split(",").map((face) => face.trim().replaceAll('"', ""));
}

it("text has a face of its own and a Chinese one on each system, before whatever the web view would choose", () => {
  for (const [name, generic] of [
    ["font", "sans-serif"],
    ["mono", "monospace"],
  ] as const) {
    const faces = stack(name);
    expect(faces.at(-1), name).toBe(generic);
    const latin = name === "font" ? "text" : "mono";
    for (const [system, has] of Object.entries(SYSTEMS)) {
      expect(faces, `${name} on ${system}`).toEqual(expect.arrayContaining([...has[latin], ...has.chinese]));
      // A Chinese face has Latin letters too: it comes after the system's own.
      const first = Math.min(...has[latin].map((face) => faces.indexOf(face)));
      expect(first, `${name} on ${system}`).toBeLessThan(faces.indexOf(has.chinese[0] ?? ""));
    }
  }
});
