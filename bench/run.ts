import { REPOSITORY } from "../test/support/programs.ts";
import {
  buildMeasured,
  compilePrograms,
  MeasuredPlace,
  measureIn,
  nsenterOptions,
  type Programs,
  type Runtime,
} from "./machine/index.ts";
import type { ContenderName, GuestKind, ScenarioName, Task } from "./measured/index.ts";
import type { Options } from "./options.ts";
import type { Measured, Place } from "./report/index.ts";

/** podman's container takes seconds to make; only these start anything by it. */
const USES_PODMAN: ReadonlySet<ScenarioName> = new Set(["startup", "held", "latency", "memory"]);
/** No guest of ours is in it. */
const NEEDS_NO_GUEST: ReadonlySet<ScenarioName> = new Set(["discovery"]);
/** What namespaces have nothing to do with: the first kind of guest is enough. */
const ONCE: ReadonlySet<ScenarioName> = new Set(["discovery", "masking"]);

/** What a run is about. */
export interface Run {
  options: Options;
  runtimes: readonly Runtime[];
  /** Ends it early. */
  signal: AbortSignal;
  /** Told of each group when it is there. */
  onGroup: (group: Measured) => void;
}

function scenariosFor(guest: GuestKind, { scenarios, guests }: Options): ScenarioName[] {
  return scenarios.filter((scenario) => guest === guests[0] || !ONCE.has(scenario));
}

function contendersFor({ contenders, scenarios }: Options): ContenderName[] {
  const usesPodman = scenarios.some((scenario) => USES_PODMAN.has(scenario));
  return contenders.filter((name) => name !== "podman" || usesPodman);
}

async function measure(place: Place, runtime: Runtime, program: string, task: Task, run: Run): Promise<Measured[]> {
  try {
    const groups = await measureIn(runtime, program, task, run.signal);
    return groups.map((group) => Object.assign(group, place));
  } catch (error) {
    run.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return [{ ...place, base: "native", heldMB: 0, series: [], missing: [{ contender: "all", reason }] }];
  }
}

async function measureGuest(guest: GuestKind, program: string, programs: Programs, run: Run): Promise<Measured[]> {
  const { options, runtimes, signal } = run;
  const place = await MeasuredPlace.make(guest, contendersFor(options), programs);
  const measured: Measured[] = [];
  try {
    for (const runtime of runtimes) {
      for (const scenario of scenariosFor(guest, options)) {
        signal.throwIfAborted();
        const task: Task = {
          ...place.target,
          scenario,
          repository: REPOSITORY,
          rounds: options.rounds,
          isQuick: options.isQuick,
          heldMB: options.heldMB,
          contenders: options.contenders,
          programs: { floor: programs.floor, crowd: programs.crowd },
          scratch: programs.directory,
          nsenterOptions: nsenterOptions(),
        };
        const hasGuest = !NEEDS_NO_GUEST.has(scenario);
        const where = { scenario, runtime: runtime.name, guest: hasGuest ? guest : undefined };
        for (const group of await measure(where, runtime, program, task, run)) {
          measured.push(group);
          run.onGroup(group);
        }
      }
    }
    return measured;
  } finally {
    await place.close();
  }
}

/** Measures everything that the options ask for, and leaves nothing behind. */
export async function runAll(run: Run): Promise<Measured[]> {
  const program = buildMeasured();
  const programs = compilePrograms();
  const measured: Measured[] = [];
  try {
    for (const guest of run.options.guests) measured.push(...(await measureGuest(guest, program, programs, run)));
    return measured;
  } finally {
    programs.close();
  }
}
