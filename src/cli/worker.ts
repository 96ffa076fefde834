import { Writable } from "node:stream";

import { createGocdWorker, ExecutorError, type GocdClosing, type GocdWorker } from "../index.ts";
import { HELP } from "./help.ts";
import { isIgnored } from "./ignored-signals.ts";
import { output } from "./output.ts";
import { say } from "./say.ts";
import { listen } from "./socket.ts";
import { errnoText } from "./usage-error.ts";
import { readWorkerCommandLine } from "./worker-options.ts";

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Our stdout, written without ever blocking us, so that a client that does not read cannot stop a signal. */
function standardOutput(): Writable {
  const write = output(1);
  const pass = async (chunk: Buffer, done: (error?: Error | null) => void): Promise<void> => {
    const failure = await write(chunk).then(
      () => undefined,
      (error: Error) => error,
    );
    done(failure);
  };
  return new Writable({ write: (chunk: Buffer, _encoding, done) => void pass(chunk, done) });
}

/** Resolves when signals have ended the worker: each one is harder than the one before. */
function untilEnded(serving: GocdWorker, drains: boolean, onFirst: () => void): Promise<void> {
  const steps: GocdClosing[] = drains ? ["drain", "cancel", "kill"] : ["cancel", "kill"];
  return new Promise((resolve, reject) => {
    const onSignal = (): void => {
      onFirst();
      serving.close(steps.length > 1 ? steps.shift() : steps[0]).then(resolve, reject);
    };
    for (const signal of ENDING) if (!isIgnored(signal)) process.on(signal, onSignal);
  });
}

/** Serves the one client at our stdin and stdout. */
async function serveStandard(serving: GocdWorker, drains: boolean): Promise<number> {
  const stdout = standardOutput();
  let failure = "";
  stdout.on("error", (error) => (failure = errnoText(error)));
  const ended = untilEnded(serving, drains, () => undefined);
  await Promise.race([serving.serve({ input: process.stdin, output: stdout, atEnd: "finish" }), ended]);
  await serving.close();
  // A client that has gone is an end like any other.
  if (failure === "" || failure === "EPIPE" || failure === "ECONNRESET") return 0;
  throw new ExecutorError("OUTPUT_FAILED", {
    problem: `the worker's answers cannot be written (${failure})`,
    remedy: "check where its stdout goes",
  });
}

/** `k8s-executor worker`: answers the requests of GoCD's task extension until its client has gone or a signal comes. */
export async function worker(args: readonly string[]): Promise<number> {
  const { options, socket, drains, help } = readWorkerCommandLine(args);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const serving = createGocdWorker(options);
  if (socket === undefined) return serveStandard(serving, drains);
  const listening = await listen(socket, (client) => {
    void serving.serve({ input: client, output: client, atEnd: "cancel" });
  });
  const ended = untilEnded(serving, drains, () => listening.close());
  say(`listening on ${socket}`);
  await ended;
  return 0;
}
