import type { Group, ScenarioName, Task } from "../task.ts";
import { commandLine } from "./command-line.ts";
import { connect } from "./connect.ts";
import { discovery } from "./discovery.ts";
import { held } from "./held.ts";
import { latency } from "./latency.ts";
import { masking } from "./masking.ts";
import { memory } from "./memory.ts";
import { output } from "./output.ts";
import { startup } from "./startup.ts";
import { throughput } from "./throughput.ts";

/** How each scenario is measured. */
export const SCENARIO: Readonly<Record<ScenarioName, (task: Task) => Promise<Group[]>>> = {
  startup,
  held,
  throughput,
  output,
  masking,
  memory,
  "command-line": commandLine,
  latency,
  connect,
  discovery,
};
