import { ExecutorError, isObject } from "../errors/index.ts";

/** The shells that the task offers. An empty field means the container's default, which is sh where nothing else is said. */
const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "zsh"]);

/** A field of GoCD's answer to `configuration`; display-order is a string there. */
interface FieldDescription {
  "display-name": string;
  "display-order": string;
  "default-value": string;
  required: boolean;
  secure: boolean;
}

/** What GoCD has for a field of a task. */
export interface TaskField {
  value?: string | null | undefined;
}

/** The fields of a task, as GoCD stores them. */
export interface TaskFields {
  script: string;
  /** Undefined for the container's default. */
  shell: string | undefined;
  /** The container it is for, as connect takes it; "" for the worker's choice. */
  container: string;
}

/** The answer to `configuration`: which fields a task has. */
export function configuration(): Readonly<Record<"script" | "shtype" | "container", FieldDescription>> {
  const field = { "default-value": "", secure: false };
  return {
    script: { "display-name": "Script", "display-order": "0", required: true, ...field },
    shtype: { "display-name": "Shell", "display-order": "1", required: false, ...field },
    container: { "display-name": "Container", "display-order": "2", required: false, ...field },
  };
}

/** A request that cannot be understood. */
export function invalidRequest(problem: string, remedy: string): ExecutorError {
  return new ExecutorError("INVALID_REQUEST", { problem, remedy });
}

function valueOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const field = fields[name] ?? {};
  if (!isObject(field)) throw invalidRequest(`the field ${name} is no object`, 'give { "value": "..." }');
  // A field that nobody filled in has a value of null, or none at all.
  const value = field["value"] ?? "";
  if (typeof value !== "string") {
    throw invalidRequest(`the value of the field ${name} is of type ${typeof value}`, "give a string");
  }
  return value;
}

/** What is wrong with the fields, by field; empty where nothing is. */
function problems(script: string, shell: string): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {};
  if (script.trim() === "") errors["script"] = "The script is empty: write at least one command.";
  if (shell !== "" && !SHELLS.has(shell)) {
    errors["shtype"] = `The shell ${JSON.stringify(shell)} is unknown: choose sh, bash or zsh.`;
  }
  return errors;
}

function read(body: unknown): [script: string, shell: string, container: string] {
  if (!isObject(body)) throw invalidRequest("the task's fields are missing", 'give { "script": ..., "shtype": ... }');
  return [valueOf(body, "script"), valueOf(body, "shtype").trim(), valueOf(body, "container").trim()];
}

/** The answer to `validate`. @throws ExecutorError INVALID_REQUEST. */
export function validate(body: unknown): { errors: Readonly<Record<string, string>> } {
  const [script, shell] = read(body);
  return { errors: problems(script, shell) };
}

/** The fields of a task that is to be executed. @throws ExecutorError INVALID_REQUEST or INVALID_OPTION. */
export function readTaskFields(config: unknown): TaskFields {
  const [script, shell, container] = read(config);
  const [problem] = Object.values(problems(script, shell));
  if (problem !== undefined) {
    throw new ExecutorError("INVALID_OPTION", {
      problem: problem.replace(/\.$/, ""),
      remedy: "edit the task in GoCD",
    });
  }
  return { script, shell: shell === "" ? undefined : shell, container };
}
