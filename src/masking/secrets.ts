import { invalidOption } from "../errors/index.ts";
import { lookUp } from "../step/index.ts";
import { Automaton } from "./automaton.ts";
import { formsOf, SHORTEST } from "./forms.ts";

/** What is to be masked, and what cannot be. */
export interface Secrets {
  /** Undefined where there is nothing to mask. */
  readonly automaton: Automaton | undefined;
  /** One sentence for each variable that is not masked, without its value. */
  readonly warnings: readonly string[];
}

/**
 * Looks the values of variables up that are to be masked.
 *
 * @param names The variables' names.
 * @param environment The step's, `NAME=value` each.
 * @throws ExecutorError INVALID_OPTION.
 */
export function findSecrets(names: readonly unknown[], environment: readonly Buffer[]): Secrets {
  const warnings: string[] = [];
  const forms = new Map<string, Buffer>();
  for (const name of new Set(names)) {
    if (typeof name !== "string" || name === "" || name.includes("=")) {
      throw invalidOption(`mask contains ${JSON.stringify(name)}, which is no variable's name`, "give names only");
    }
    const value = lookUp(environment, name);
    if (!value) {
      warnings.push(`the variable ${name} is not set in the step, so nothing is masked for it`);
      continue;
    }
    const found = formsOf(value);
    for (const form of found) forms.set(form.toString("latin1"), form);
    if (found.length === 0) {
      warnings.push(`the value of ${name} is not masked, for it has fewer than ${SHORTEST} characters`);
    }
  }
  return { automaton: forms.size > 0 ? new Automaton([...forms.values()]) : undefined, warnings };
}
