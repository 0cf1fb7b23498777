import type { ConditionsView } from "../bindings/contract";
import { figure } from "../shared/format";
import type { Key } from "../shared/i18n/index.svelte";

/** A network as it is, with the seed of the chances to come. */
export const CLEAN: ConditionsView = {
  lossPct: 0,
  burstPct: 0,
  delayMs: 0,
  jitterMs: 0,
  reorderPct: 0,
  rateKbps: null,
  seed: 7,
};

export type Preset = { name: Key; conditions: Omit<ConditionsView, "seed"> };

/** Networks that people know, as they are in each direction. */
export const PRESETS: Preset[] = [
  {
    name: "cond.goodWifi",
    conditions: { lossPct: 0.1, burstPct: 0, delayMs: 2, jitterMs: 4, reorderPct: 0, rateKbps: 100_000 },
  },
  {
    name: "cond.badWifi",
    conditions: { lossPct: 2, burstPct: 3, delayMs: 8, jitterMs: 25, reorderPct: 1, rateKbps: 10_000 },
  },
  {
    name: "cond.narrow",
    conditions: { lossPct: 0, burstPct: 0, delayMs: 20, jitterMs: 0, reorderPct: 0, rateKbps: 2000 },
  },
  {
    name: "cond.satellite",
    conditions: { lossPct: 0.5, burstPct: 0, delayMs: 300, jitterMs: 10, reorderPct: 0, rateKbps: 20_000 },
  },
];

/** The rates that can be chosen, the widest first; null is no limit. */
export const RATES: (number | null)[] = [null, 100_000, 50_000, 20_000, 10_000, 5000, 2000, 1000, 500, 250];

export function samePreset(preset: Preset, conditions: ConditionsView): boolean {
  return (Object.keys(preset.conditions) as (keyof Preset["conditions"])[]).every(
    (key) => preset.conditions[key] === conditions[key],
  );
}

/** A rate with its unit: `2 Mbit/s`, `500 kbit/s`. */
export function rateOf(kbps: number): string {
  return kbps >= 1000 ? `${figure(kbps / 1000, Number.isInteger(kbps / 1000) ? 0 : 1)} Mbit/s` : `${kbps} kbit/s`;
}

/** What is worse than it is, each effect in a few words. */
export function effects(
  conditions: ConditionsView,
  t: (key: Key, values: Record<string, string | number>) => string,
): string[] {
  const { lossPct, burstPct, delayMs, jitterMs, reorderPct, rateKbps } = conditions;
  const out: string[] = [];
  if (lossPct + burstPct > 0)
    out.push(t("cond.lossIs", { n: figure(lossPct + burstPct, Number.isInteger(lossPct + burstPct) ? 0 : 1) }));
  if (delayMs + jitterMs > 0)
    out.push(t("cond.delayIs", { n: jitterMs > 0 ? `${delayMs}–${delayMs + jitterMs}` : delayMs }));
  if (rateKbps !== null) out.push(rateOf(rateKbps));
  if (reorderPct > 0) out.push(t("cond.reorderIs", { n: figure(reorderPct, Number.isInteger(reorderPct) ? 0 : 1) }));
  return out;
}
