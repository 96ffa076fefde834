import { ExecutorError } from "../errors/index.ts";

/** @throws ExecutorError UNSUPPORTED_PLATFORM where there are no namespaces to join. */
export function requireLinux(): void {
  if (process.platform === "linux") return;
  throw new ExecutorError("UNSUPPORTED_PLATFORM", {
    problem: `this machine runs ${process.platform}, and containers can be entered on Linux only`,
    remedy: "run it in the agent's container",
  });
}
