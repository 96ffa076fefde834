import assert from "node:assert/strict";
import type { Readable, Writable } from "node:stream";

import { Client, endOf } from "../support/worker.ts";
import type { SeveralPod } from "./several-pod.ts";

/**
 * Runs a script where the options say; its output, or what was wrong.
 *
 * @param directory Where we are in the agent's container.
 */
export function run(
  pod: SeveralPod,
  options: readonly string[],
  script: string,
  directory?: string,
): [number | null, string] {
  const { status, stdout, stderr } = pod.cli(["run", ...options, "--script", script], directory);
  return [status, stdout + stderr];
}

/** Why no step ran. */
export function refusal(pod: SeveralPod, options: readonly string[]): { code: string; message: string } {
  const { status, stderr } = pod.cli(["run", ...options, "--json=/tmp/result.json", "--script", "echo ran"]);
  const written = pod.in("agent", ["cat", "/tmp/result.json"]).stdout;
  const { error } = JSON.parse(written) as { error?: { code: string; message: string } };
  assert.ok(error, written);
  assert.equal(status, 125);
  // No container's text may command a terminal.
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(stderr, /[\0-\x09\x0b-\x1f\x7f-\x9f]/);
  return { code: error.code, message: stderr };
}

/** A worker in the agent's container. */
export function startWorker(
  pod: SeveralPod,
  options: readonly string[] = [],
): { client: Client; end: () => Promise<unknown> } {
  const child = pod.startCli(["worker", "--timeout", "60s", ...options]);
  child.stderr?.pipe(process.stderr);
  const client = new Client(child.stdin as Writable, child.stdout as Readable);
  const end = (): Promise<unknown> => {
    child.stdin?.end();
    return endOf(child);
  };
  return { client, end };
}

/** Sends a task to a container. */
export function send(client: Client, id: string, container: string | undefined, script: string): void {
  const field = (value: string): object => ({ value });
  const config = { script: field(script), ...(container === undefined ? {} : { container: field(container) }) };
  client.send({ id, request: "execute", body: { config, context: {} } });
}

/** A task that went well. */
export const SUCCESS = { success: true, message: "the script ended with exit status 0" };
