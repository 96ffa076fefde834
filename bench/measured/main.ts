/** Measures one scenario in one runtime; bench/machine starts it. The task is its argument, the groups its output. */
import { measureScenario } from "./index.ts";
import type { Task } from "./task.ts";

const groups = await measureScenario(JSON.parse(process.argv[2] ?? "") as Task);
process.stdout.write(JSON.stringify(groups), () => process.exit());
