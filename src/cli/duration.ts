import { usageError } from "./usage-error.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, "": 1000 };

/** Milliseconds of a duration as timeout(1) takes it: `30s`, `5m`, `1.5h`, `500ms`; without a unit, seconds. */
export function parseDuration(option: string, text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const factor = UNITS[unit];
  const ms = Number(number) * (factor ?? NaN);
  if (number === "" || !(ms <= 2 ** 31 - 1)) {
    throw usageError(
      `${option} ${JSON.stringify(text)} is no duration`,
      "give a number with ms, s, m or h, up to 24 days, as 30s",
    );
  }
  return ms;
}
