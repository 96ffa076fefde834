import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";

import { connect, createGocdWorker, type GocdConsoleLine } from "../../src/index.ts";
import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { openDescriptors } from "../support/children.ts";
import { processesOf } from "../support/processes.ts";
import { CACHE, deno, REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";
import { connectTo, task } from "../support/worker.ts";

let guest: ThrowAwayGuest;
before(async () => {
  guest = await makeGuest();
});
after(() => guest.close());

const SUCCESS = { success: true, message: "the script ended with exit status 0" };

test("a task in a process that embeds the worker", async () => {
  const { pid } = guest;
  // The first connection makes what lasts as long as the process.
  (await connect({ pid })).close();
  const open = openDescriptors();
  {
    await using worker = createGocdWorker({ pid });
    const seen: GocdConsoleLine[] = [];
    const console = (lines: readonly GocdConsoleLine[]): void => void seen.push(...lines);
    const answer = await worker.handle({ request: "execute", body: task("echo out; printf end") }, { console });
    assert.deepEqual(answer, SUCCESS);
    assert.deepEqual(seen, [
      { stream: "stdout", line: "out" },
      { stream: "stdout", line: "end" },
    ]);
    assert.deepEqual(await worker.handle({ request: "execute", body: task("echo thrown away") }), SUCCESS);
  }
  await until("the descriptors are closed", () => openDescriptors() <= open);
});

test("a console that is slow holds the script up, and one that fails ends it", async () => {
  await using worker = createGocdWorker({ pid: guest.pid });
  let calls = 0;
  let lines = 0;
  let isBusy = false;
  const slow = async (some: readonly GocdConsoleLine[]): Promise<void> => {
    assert.ok(!isBusy);
    isBusy = true;
    calls++;
    lines += some.length;
    await new Promise((resolve) => setImmediate(resolve));
    isBusy = false;
  };
  const body = task("yes | head -n 500000");
  assert.deepEqual(await worker.handle({ request: "execute", body }, { console: slow }), SUCCESS);
  assert.ok(lines === 500_000 && calls < 10_000, `${lines} lines in ${calls} calls`);

  const seconds = String(8_000_000 + process.pid);
  const broken = (): void => {
    throw new Error("the console is broken");
  };
  const running = worker.handle({ request: "execute", body: task(`echo x; sleep ${seconds}`) }, { console: broken });
  await assert.rejects(running, { message: "the console is broken" });
  assert.deepEqual(processesOf("sleep", seconds), []);
});

test("a signal cancels, also before the task has begun; a closed worker takes none", async () => {
  const worker = createGocdWorker({ pid: guest.pid });
  const canceled = { success: false, message: "the script was cancelled" };
  const body = task("echo ready; sleep 1000");
  assert.deepEqual(await worker.handle({ request: "execute", body }, { signal: AbortSignal.abort() }), canceled);
  const controller = new AbortController();
  const console = (): void => controller.abort();
  assert.deepEqual(await worker.handle({ request: "execute", body }, { signal: controller.signal, console }), canceled);

  let onReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (onReady = resolve));
  const running = worker.handle({ request: "execute", body }, { console: () => onReady() });
  await ready;
  await worker.close();
  assert.deepEqual(await running, canceled);
  await assert.rejects(worker.handle({ request: "execute", body }), { code: "WORKER_CLOSED" });
  await worker.close();
});

test("a server of one's own", async () => {
  const worker = createGocdWorker({ pid: guest.pid });
  const socketPath = path.join(guest.sharedRoot, "own-server.sock");
  const server = createServer((socket) => void worker.serve({ input: socket, output: socket, atEnd: "cancel" }));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const { client, socket } = await connectTo(socketPath);
  assert.deepEqual((await client.run(1, "true")).answer["response"], SUCCESS);
  await worker.close();
  assert.equal(await client.next(), undefined);
  socket.destroy();
  server.close();
});

test("options and requests of a wrong type are refused", async () => {
  for (const options of [{ pid: "1" }, { maskedVariables: "A" }, { timeout: "1" }, null, 7]) {
    assert.throws(() => createGocdWorker(options as object), { code: "INVALID_OPTION" });
  }
  const worker = createGocdWorker();
  for (const request of [undefined, null, "view", {}, { request: "view", version: 1 }]) {
    await assert.rejects(worker.handle(request as { request: string }), {
      name: "ExecutorError",
      code: /^(INVALID_REQUEST|UNKNOWN_REQUEST|UNSUPPORTED_VERSION)$/,
    });
  }
});

test("under Deno", async (t) => {
  if (!canRun(t, ["deno"])) return;
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(path.join(CACHE, "deno-worker-"));
  try {
    const program = path.join(directory, "worker.ts");
    writeFileSync(
      program,
      `import { createGocdWorker } from "${path.join(REPOSITORY, "src/index.ts")}";
await using worker = createGocdWorker({ pid: ${guest.pid} });
const body = { config: { script: { value: 'echo "$TOKEN"; exit 3' } }, context: { environmentVariables: { TOKEN: { value: "topsecret", secure: true } } } };
console.log(JSON.stringify(await worker.handle({ request: "execute", body }, { console: (lines) => console.log(JSON.stringify(lines)) })));
`,
    );
    const { stdout, stderr } = spawnSync(deno(), ["run", "--allow-all", program], {
      encoding: "utf8",
      cwd: REPOSITORY,
    });
    assert.equal(
      stdout,
      '[{"stream":"stdout","line":"******"}]\n{"success":false,"message":"the script ended with exit status 3"}\n',
      stderr,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
