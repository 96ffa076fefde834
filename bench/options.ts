import { parseArgs } from "node:util";

import {
  CONTENDERS,
  GUESTS,
  SCENARIOS,
  type ContenderName,
  type GuestKind,
  type ScenarioName,
} from "./measured/index.ts";

/** What of the bench is to be run. */
export interface Options {
  scenarios: readonly ScenarioName[];
  guests: readonly GuestKind[];
  contenders: readonly ContenderName[];
  rounds: number | undefined;
  heldMB: readonly number[] | undefined;
  isQuick: boolean;
  /** Runtimes by path; none: those that can be had. */
  runtimes: readonly string[];
  /** Where the JSON goes; by default a file of bench/results. */
  json: string | undefined;
}

/** An option that is wrong: its message is all that is to be said. */
export class UsageError extends Error {}

export const HELP: string = `npm run bench -- [options]

  --only SCENARIO      ${SCENARIOS.join(", ")}; repeatable
  --contender NAME     ${CONTENDERS.join(", ")}; repeatable
  --guest KIND         mnt (as in a Pod) or all (namespaces apart); by default both
  --runtime PATH       a Node or Deno; repeatable; by default this Node, Node 24 and Deno
  --rounds N           how many rounds count; by default each scenario's own number
  --held MB,MB         what the worker holds, in held and throughput
  --quick              few rounds and bytes, to see that it works
  --json FILE          where the results go; by default a new file in bench/results
`;

function oneOf<Name extends string>(option: string, value: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) throw new UsageError(`${option} "${value}" is not known: give one of ${names.join(", ")}`);
  return found;
}

function number(option: string, value: string, least: number): number {
  const found = /^\d{1,6}$/.test(value) ? Number(value) : NaN;
  if (!(found >= least)) throw new UsageError(`${option} "${value}" is no whole number from ${least} on`);
  return found;
}

const OPTIONS = {
  only: { type: "string", multiple: true },
  contender: { type: "string", multiple: true },
  guest: { type: "string", multiple: true },
  runtime: { type: "string", multiple: true },
  rounds: { type: "string" },
  held: { type: "string" },
  quick: { type: "boolean" },
  json: { type: "string" },
  help: { type: "boolean" },
} as const;

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split(". ", 1);
    throw new UsageError(`${sentence}; --help names the options`, { cause: error });
  }
}

/**
 * Reads the command line.
 *
 * @returns The options, or undefined where help is asked for.
 * @throws UsageError with one sentence: what is wrong, the value, what it may be.
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const { only, guest, contender, rounds, held } = values;
  return {
    scenarios: only?.map((value) => oneOf("--only", value, SCENARIOS)) ?? SCENARIOS,
    guests: guest?.map((value) => oneOf("--guest", value, GUESTS)) ?? GUESTS,
    contenders: contender?.map((value) => oneOf("--contender", value, CONTENDERS)) ?? CONTENDERS,
    rounds: rounds === undefined ? undefined : number("--rounds", rounds, 1),
    heldMB: held?.split(",").map((value) => number("--held", value, 0)),
    isQuick: values.quick ?? false,
    runtimes: values.runtime ?? [],
    json: values.json,
  };
}
