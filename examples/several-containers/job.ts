/**
 * One job in several containers of its Pod: it waits for the database, then builds in maven and golang at once, and both of
 * them use the database on localhost. Its exit status is that of the first part that failed, in the order below.
 *
 * It runs in the agent's container, in the project's directory: `node job.ts`, or with tsx before Node 22.18.
 */
import { ExecutorError, waitForReady } from "k8s-executor";

interface Part {
  container: string;
  shell: string;
  script: string;
}

const PARTS: readonly Part[] = [
  { container: "maven", shell: "bash", script: "mvn --batch-mode verify" },
  { container: "golang", shell: "sh", script: "go vet ./... && go test ./..." },
];

const pod = { sharedRoot: "/go/pipelines", timeout: 60_000 };
const variables = { REDIS_URL: "redis://localhost:6379" };

// A job that is cancelled ends what it has started.
const cancel = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => cancel.abort());
const { signal } = cancel;

/** Waits until the database answers; while it loads its data, it does so with an error. */
async function waitForDatabase(): Promise<void> {
  const database = await waitForReady({ ...pod, container: "database", probe: ["redis-cli", "-e", "ping"], signal });
  database.close();
}

/** Runs one part in its container, with its name before each line, and returns its exit status. */
async function runPart({ container, shell, script }: Part): Promise<number> {
  const guest = await waitForReady({ ...pod, container, signal });
  try {
    const step = guest.run({
      shell,
      script: `exec 2>&1\n${script}`,
      cwd: process.cwd(),
      env: variables,
      signal,
      buffer: false,
    });
    for await (const line of step) console.log(`[${container}] ${line}`);
    const { outcome, exitCode } = await step;
    console.log(`[${container}] ${outcome === "exited" ? `exit status ${exitCode}` : outcome}`);
    return exitCode ?? 1;
  } finally {
    guest.close();
  }
}

try {
  await waitForDatabase();
  const ends = await Promise.allSettled(PARTS.map(runPart));
  for (const [index, end] of ends.entries()) {
    const status = end.status === "fulfilled" ? end.value : 125;
    if (end.status === "rejected") console.error(`[${PARTS[index]?.container}] ${String(end.reason)}`);
    process.exitCode ||= status;
  }
} catch (error) {
  if (!(error instanceof ExecutorError)) throw error;
  console.error(error.message);
  process.exitCode = 125;
}
