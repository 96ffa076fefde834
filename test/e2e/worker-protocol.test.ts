import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { REPOSITORY } from "../support/programs.ts";
import { connectTo, endOf, startSocketWorker, startWorker, type Client } from "../support/worker.ts";

let guest: ThrowAwayGuest;
let options: string[];
before(async () => {
  guest = await makeGuest();
  mkdirSync(path.join(guest.sharedRoot, "pipelines/web"), { recursive: true });
  const { pid, sharedRoot, containerRoot } = guest;
  options = ["--pid", String(pid), "--shared-root", sharedRoot, "--container-root", containerRoot];
});
after(() => guest.close());

/** The lines of the transcript in the document. */
function transcript(): string[] {
  const text = readFileSync(path.join(REPOSITORY, "docs/worker-protocol.md"), "utf8");
  const lines = /```transcript\n([^]*?)```/.exec(text)?.[1]?.trim().split("\n") ?? [];
  assert.ok(lines.length > 30 && lines.every((line) => /^[<>] /.test(line)));
  return lines;
}

async function replay(client: Client): Promise<void> {
  for (const line of transcript()) {
    const text = line.slice(2);
    if (line.startsWith(">")) client.send(text);
    else assert.deepEqual(await client.next(), JSON.parse(text), line);
  }
}

test("the document's transcript, on stdin and stdout", async () => {
  const { child, client } = startWorker(options);
  await replay(client);
  client.input.end();
  assert.equal(await client.next(), undefined);
  assert.equal(await endOf(child), 0);
});

test("the document's transcript, on a socket", async () => {
  const socketPath = path.join(guest.sharedRoot, "transcript.sock");
  const child = await startSocketWorker(socketPath, options);
  const { socket, client } = await connectTo(socketPath);
  await replay(client);
  socket.destroy();
  child.kill("SIGTERM");
  assert.equal(await endOf(child), 0);
});
