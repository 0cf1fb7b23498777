import type { ErrorCode, Language, Theme } from "../../bindings/contract";
import type { Command } from "../types";

/** Where the simulated backend begins. */
export type Scene = "start" | "first" | "empty" | "busy" | "lost" | "long";

export type FakeOptions = {
  scene: Scene;
  role: "host" | "member";
  /** Commands that are refused, and with what. */
  refuse: Partial<Record<Command, ErrorCode>>;
  language: Language;
  theme: Theme;
  /** Whether things happen by themselves: people talk, figures move. */
  alive: boolean;
  /** Whether everything is as long as it may be. */
  lengthy: boolean;
  /** After how many milliseconds another member says something, again and again; 0: nobody does. */
  talkMs: number;
  /** How long a command takes, in milliseconds. */
  delayMs: number;
  autoJoin: string | null;
  linked: string | null;
  /** After how many milliseconds the host closes the room; 0: never. */
  closeMs: number;
  /** How long a second of a comparison takes, in milliseconds. */
  secondMs: number;
};

export const DEFAULTS: FakeOptions = {
  scene: "start",
  role: "member",
  refuse: {},
  language: "en",
  theme: "auto",
  alive: true,
  lengthy: false,
  talkMs: 0,
  delayMs: 40,
  autoJoin: null,
  linked: null,
  closeMs: 0,
  secondMs: 1000,
};

/**
 * Reads the options of an address: `?scene=busy&role=host&lang=zh&theme=dark&refuse=video|start_video:camera_busy&alive=0`.
 */
export function optionsFrom(search: string): FakeOptions {
  const query = new URLSearchParams(search);
  const refuse: FakeOptions["refuse"] = {};
  for (const pair of query.getAll("refuse").flatMap((list) => list.split(","))) {
    const at = pair.lastIndexOf(":");
    if (at > 0) refuse[pair.slice(0, at) as Command] = pair.slice(at + 1) as ErrorCode;
  }
  return {
    ...DEFAULTS,
    scene: (query.get("scene") as Scene | null) ?? DEFAULTS.scene,
    role: query.get("role") === "host" ? "host" : "member",
    refuse,
    language: query.get("lang") === "zh" ? "zh" : "en",
    theme: (query.get("theme") as Theme | null) ?? "auto",
    alive: query.get("alive") !== "0",
    lengthy: query.get("lengthy") === "1",
    talkMs: Number(query.get("talk") ?? DEFAULTS.talkMs),
    closeMs: Number(query.get("close") ?? DEFAULTS.closeMs),
    secondMs: Number(query.get("second") ?? DEFAULTS.secondMs),
    autoJoin: query.get("join"),
    linked: query.get("link"),
  };
}
