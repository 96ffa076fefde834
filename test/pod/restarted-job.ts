/** A job whose container is killed while a step runs in it, and which goes on in the new one. Its argument is the name. */
import { connect, ExecutorError, waitForReady } from "../../src/index.ts";

const container = process.argv[2] ?? "";
const told: string[] = [];

await using first = await connect({ container });
const step = first.run({ script: `echo started; kill -9 ${first.pid}; sleep 1000` });
const codeOf = (error: unknown): string => (error instanceof ExecutorError ? error.code : String(error));
told.push(await step.then(({ outcome }) => outcome, codeOf));
told.push(await first.exec(["true"]).then(({ outcome }) => outcome, codeOf));

await using second = await waitForReady({ container, timeout: 60_000 });
told.push(second.pid === first.pid ? "the same" : "another");
told.push((await second.run({ script: "echo again" })).stdout ?? "");
console.log(JSON.stringify(told));
