import { readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { REPOSITORY } from "../support/programs.ts";
import type { Job } from "./job.ts";
import { GOCD_VARIABLES } from "./replay.ts";
import type { ExecTask, PipelinesFile } from "./pipeline-format.ts";

export const PIPELINE = "examples/gocd/web.gocd.yaml";

/** The file as YAML has it; `unknown`, for nothing has checked it yet. */
export function readPipelines(): unknown {
  return parse(readFileSync(path.join(REPOSITORY, PIPELINE), "utf8"));
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

/** The exec tasks of the example's one job, in order, as the agent gets them. */
export function tasksOfExample(secrets: Readonly<Record<string, string>>): { runIf: string; job: Job }[] {
  const { web } = (readPipelines() as PipelinesFile).pipelines;
  const { tasks = [] } = web?.stages[0]?.["build"]?.jobs["compile"] ?? {};
  return tasks.flatMap((task) => {
    if (!("exec" in task)) return [];
    const exec: ExecTask = task.exec;
    const job: Job = {
      command: exec.command,
      arguments: (exec.arguments ?? []).map(resolveParameters),
      pipeline: "web",
      variables: { ...GOCD_VARIABLES, ...web?.environment_variables, ...secrets },
      ...(exec.working_directory === undefined ? {} : { workingDirectory: exec.working_directory }),
    };
    return [{ runIf: exec.run_if ?? "passed", job }];
  });
}
