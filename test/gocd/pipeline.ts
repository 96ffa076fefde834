import { readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { REPOSITORY } from "../support/programs.ts";
import type { Job } from "./job.ts";
import { GOCD_VARIABLES } from "./replay.ts";
import type { ExecTask, PipelinesFile } from "./pipeline-format.ts";

/** Of one container besides the agent's, and of several. */
export const WEB = "examples/gocd/web.gocd.yaml";
export const SHOP = "examples/several-containers/shop.gocd.yaml";

/** The file as YAML has it; `unknown`, for nothing has checked it yet. */
export function readPipelines(file: string): unknown {
  return parse(readFileSync(path.join(REPOSITORY, file), "utf8"));
}

/**
 * What GoCD makes of a text of the configuration: `##` becomes `#`. A single one begins a parameter, `#{name}`, and everything
 * else after it is refused. Parameters are none of the examples'.
 */
export function resolveParameters(text: string): string {
  const lone = /(?<!#)(?:##)*#(?!#)/.exec(text);
  if (lone)
    throw new Error(`# must be followed by a parameter pattern or escaped by another #: ${JSON.stringify(text)}`);
  return text.replaceAll("##", "#");
}

/** The exec tasks of an example's one job, in order, as the agent gets them. */
export function tasksOf(file: string, secrets: Readonly<Record<string, string>> = {}): { runIf: string; job: Job }[] {
  const [[name, pipeline] = []] = Object.entries((readPipelines(file) as PipelinesFile).pipelines);
  const [stage] = Object.values(pipeline?.stages[0] ?? {});
  const [{ tasks } = { tasks: [] }] = Object.values(stage?.jobs ?? {});
  return tasks.flatMap((task) => {
    if (!("exec" in task)) return [];
    const exec: ExecTask = task.exec;
    const job: Job = {
      command: exec.command,
      arguments: (exec.arguments ?? []).map(resolveParameters),
      pipeline: name ?? "",
      variables: { ...GOCD_VARIABLES, ...pipeline?.environment_variables, ...secrets },
      ...(exec.working_directory === undefined ? {} : { workingDirectory: exec.working_directory }),
    };
    return [{ runIf: exec.run_if ?? "passed", job }];
  });
}
