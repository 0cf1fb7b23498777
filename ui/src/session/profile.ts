import type { Key } from "../shared/i18n/index.svelte";

/** The longest name and self-description, in UTF-16 units as a text field counts them. */
export const MAX_NAME = 64;
export const MAX_ABOUT = 280;

/** The colours to choose from: each is dark enough for white letters on it. */
export const COLOURS: { value: string; name: Key }[] = [
  { value: "#7a4f9a", name: "colour.violet" },
  { value: "#2f6f5e", name: "colour.green" },
  { value: "#a3415f", name: "colour.rose" },
  { value: "#5b6b2a", name: "colour.olive" },
  { value: "#8a5a2b", name: "colour.brown" },
  { value: "#4a5f8a", name: "colour.blue" },
];

/** A port number as typed, or null when it is none that can be listened on. */
export function parsePort(text: string): number | null {
  if (!/^\d{1,5}$/.test(text.trim())) return null;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : null;
}

/** A fingerprint in groups of four, so that two people can read it to each other. */
export function groups(fingerprint: string): string {
  return fingerprint.replace(/(.{4})(?=.)/g, "$1 ");
}

/** A room's colour, dark enough for white letters on it: the same for one identity every time. */
export function roomColour(fingerprint: string): string {
  const hue = (Number.parseInt(fingerprint.slice(0, 4), 16) || 0) % 360;
  const LIGHTNESS = 0.32;
  const SATURATION = 0.42;
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    const value = LIGHTNESS - SATURATION * LIGHTNESS * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
