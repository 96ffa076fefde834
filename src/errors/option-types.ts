import { invalidOption } from "./executor-error.ts";

/** What a caller without types may have got wrong. */
export type OptionType = "string" | "number" | "boolean" | "a string or a number" | "a list" | "an object";

/** A JSON object, and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fits(value: unknown, type: OptionType): boolean {
  if (type === "a list") return Array.isArray(value);
  if (type === "a string or a number") return typeof value === "string" || typeof value === "number";
  if (type !== "an object") return typeof value === type;
  // A Map or a list has none of the names that somebody meant to give.
  return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? `of type ${value.constructor?.name ?? "object"}` : `of type ${typeof value}`;
}

/**
 * Refuses options of the wrong type: a "false" that counts as true would do the opposite of what was meant. What is
 * undefined was not given.
 *
 * @param whose What has these options, where that is not the caller: ` of NAME`.
 * @throws ExecutorError INVALID_OPTION, naming the option and never its value.
 */
export function requireTypes(options: object, types: Readonly<Record<string, OptionType>>, whose = ""): void {
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined || value === undefined || fits(value, type)) continue;
    throw invalidOption(
      `the option ${name}${whose} is ${describe(value)}`,
      `give ${type.includes(" ") ? type : `a ${type}`}`,
    );
  }
}
