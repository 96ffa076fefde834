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
import type { Backend } from "./types.ts";

/** A backend by name, or the first that works. */
export type BackendChoice = "auto" | BackendName;

const ORDER: readonly BackendName[] = ["native", "helper", "nsenter"];

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

/**
 * The backend of that name, or for "auto" the first that works: native, helper, nsenter.
 *
 * @throws ExecutorError BACKEND_UNAVAILABLE with the reason of each that does not work; INVALID_OPTION.
 */
export async function chooseBackend(
  choice: BackendChoice,
  container: Container,
  sharedRoot: SharedRoot | undefined,
): Promise<Backend> {
  if (choice !== "auto" && !ORDER.includes(choice)) {
    throw invalidOption(
      `the backend ${JSON.stringify(choice)} is unknown`,
      `give one of ${["auto", ...ORDER].join(", ")}`,
    );
  }
  const refused: string[] = [];
  for (const name of choice === "auto" ? ORDER : [choice]) {
    const reason = choice === "auto" ? ["the first that works here", ...refused].join("; ") : "asked for by name";
    try {
      return await FACTORIES[name](container, sharedRoot, reason);
    } catch (error) {
      if (error instanceof ExecutorError) throw error;
      // Another backend would have no more of it.
      if (isExhausted(error)) throw startError(`the backend ${name}`, error);
      refused.push(`${name} does not: ${messageOf(error)}`);
    }
  }
  throw new ExecutorError("BACKEND_UNAVAILABLE", {
    problem: `no backend works here: ${refused.join("; ")}`,
    remedy: choice === "auto" ? "mend one of them" : 'mend that, or use the backend "auto"',
  });
}
