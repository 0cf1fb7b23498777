import { describe, expect, it } from "vitest";
import { createFakeBackend } from "../backend/fake";
import { t } from "../shared/i18n/index.svelte";
import { metricsApi } from "./api";
import { CLEAN, effects, PRESETS, rateOf, samePreset } from "./conditions";
import { Experiments } from "./experiments.svelte";

function made() {
  const backend = createFakeBackend({ delayMs: 0, alive: false, scene: "busy" });
  const asked = () =>
    backend.calls
      .filter((call) => call.command === "metrics|set_conditions")
      .map((call) => (call.args as { conditions: unknown }).conditions);
  return { backend, asked, store: new Experiments(metricsApi(backend)) };
}

describe("a network made worse on purpose", () => {
  it("is not touched by the controls until it is switched on, and follows them then", async () => {
    const { asked, store } = made();
    await store.change({ lossPct: 3 });
    expect([asked(), store.conditions]).toEqual([[], null]);
    await store.switchOn();
    await store.change({ delayMs: 40 });
    expect(asked()).toEqual([
      { ...CLEAN, lossPct: 3 },
      { ...CLEAN, lossPct: 3, delayMs: 40 },
    ]);
    await store.switchOff();
    expect([asked().at(-1), store.conditions, store.draft.delayMs]).toEqual([null, null, 40]);
  });

  it("stays as it is when it cannot be changed, and says why", async () => {
    const { backend, store } = made();
    backend.refuse("metrics|set_conditions", "no_room");
    await store.switchOn();
    expect([store.conditions, store.error?.code]).toEqual([null, "no_room"]);
  });

  it("is said in few words", () => {
    expect(effects(CLEAN, t)).toEqual([]);
    expect(
      effects({ ...CLEAN, lossPct: 2, burstPct: 0.5, delayMs: 8, jitterMs: 25, rateKbps: 10_000, reorderPct: 1 }, t),
    ).toEqual(["2.5 % lost", "8–33 ms later", "10 Mbit/s", "1 % overtaken"]);
    expect([250, 2000, 2500].map(rateOf)).toEqual(["250 kbit/s", "2 Mbit/s", "2.5 Mbit/s"]);
  });

  it("is a known one until a control is moved", () => {
    const preset = PRESETS[1];
    expect(preset && samePreset(preset, { ...CLEAN, ...preset.conditions, seed: 99 })).toBe(true);
    expect(preset && samePreset(preset, { ...CLEAN, ...preset.conditions, lossPct: 9 })).toBe(false);
  });
});
