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

/** For people: `350 ms`, `12.3 s`, `2 min 5 s`, `1 h 0 min`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
