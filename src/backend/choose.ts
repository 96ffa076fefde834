import { readFileSync } from "node:fs";

import type { Container } from "../container/index.ts";
import { ExecutorError, invalidOption } from "../errors/index.ts";
import type { BackendName } from "../result/index.ts";
import type { SharedRoot } from "../step/index.ts";
import { helperPath } from "./helper-file.ts";
import { HelperBackend } from "./helper/helper.ts";
import { loadLibc, type Libc } from "./native/libc.ts";
import { NativeBackend } from "./native/native.ts";
import { findNsenter } from "./nsenter/installed.ts";
import { NsenterBackend } from "./nsenter/nsenter.ts";
import { isExhausted, startError } from "./start-error.ts";
import { Unavailable, type Backend } from "./types.ts";

/** A backend by name, or the first that works. */
export type BackendChoice = "auto" | BackendName;

const NAMES: readonly BackendName[] = ["native", "helper", "nsenter"];
/** Those that promise the same. */
const SAFE: readonly BackendName[] = ["native", "helper"];

type Factory = (container: Container, sharedRoot: SharedRoot | undefined, reason: string) => Promise<Backend>;

const FACTORIES: Readonly<Record<BackendName, Factory>> = {
  async native(container, sharedRoot, reason) {
    const program = readFileSync(helperPath());
    const libc = await loadLibc();
    const backend = new NativeBackend(libc, program, container, sharedRoot, reason);
    try {
      await backend.probe();
      return backend;
    } catch (error) {
      backend.close();
      throw error;
    }
  },
  async helper(container, sharedRoot, reason) {
    const backend = new HelperBackend(helperPath(), container, sharedRoot, reason);
    await backend.probe();
    return backend;
  },
  async nsenter(container, sharedRoot, reason) {
    let libc: Libc | undefined;
    try {
      libc = await loadLibc();
    } catch {
      // Without FFI it does less; its limitations say what.
    }
    return new NsenterBackend(await findNsenter(), container, sharedRoot, libc, reason);
  },
};

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

/** What else could be done, by what was asked for. */
const OTHERWISE = {
  byName: ', or use the backend "auto"',
  auto: ", or set allowDegraded (--allow-degraded) to let steps go through nsenter, where they keep the agent's privileges",
  degraded: "",
} as const;

function unavailable(
  refused: readonly string[],
  calls: readonly string[],
  asked: keyof typeof OTHERWISE,
): ExecutorError {
  const fix =
    calls.length > 0
      ? "allow these system calls in the agent's seccomp profile, as RuntimeDefault does"
      : `fix ${refused.length > 1 ? "one of them" : "that"}`;
  return new ExecutorError("BACKEND_UNAVAILABLE", {
    problem: `no backend works here: ${refused.join("; ")}`,
    remedy: `${fix}${OTHERWISE[asked]}`,
    details: calls.length === 0 ? {} : { systemCalls: [...new Set(calls)].join(" ") },
  });
}

/**
 * The backend of that name, or for "auto" the first that works: native, helper. Nsenter, where a step keeps the agent's
 * privileges, is chosen only if the caller allows it.
 *
 * @param choice A name, or "auto".
 * @param allowDegraded Whether nsenter may be chosen where the others do not work.
 * @throws ExecutorError BACKEND_UNAVAILABLE with the reason of each that does not work; INVALID_OPTION; HELPER_LOST if a
 *   trial was cut short: a container that can do that must not choose the backend.
 */
export async function chooseBackend(
  choice: BackendChoice,
  allowDegraded: boolean,
  container: Container,
  sharedRoot: SharedRoot | undefined,
): Promise<Backend> {
  if (choice !== "auto" && !NAMES.includes(choice)) {
    throw invalidOption(
      `the backend ${JSON.stringify(choice)} is unknown`,
      `give one of ${["auto", ...NAMES].join(", ")}`,
    );
  }
  const refused: string[] = [];
  const calls: string[] = [];
  const asked = choice !== "auto" ? "byName" : allowDegraded ? "degraded" : "auto";
  for (const name of choice !== "auto" ? [choice] : allowDegraded ? NAMES : SAFE) {
    const reason = choice === "auto" ? ["the first that works here", ...refused].join("; ") : "asked for by name";
    try {
      return await FACTORIES[name](container, sharedRoot, reason);
    } catch (error) {
      if (error instanceof ExecutorError) throw error;
      // Another backend would have no more of it.
      if (isExhausted(error)) throw startError(`the backend ${name}`, error);
      refused.push(`${name} does not: ${messageOf(error)}`);
      if (error instanceof Unavailable) calls.push(...error.refused);
    }
  }
  throw unavailable(refused, calls, asked);
}
