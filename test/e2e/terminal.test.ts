import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";

import { connect, type Step } from "../../src/index.ts";
import { shown } from "../contract/terminals.ts";
import type { ThrowAwayGuest } from "../guests/guest.ts";
import { cli, CLI, plainEnvironment } from "../support/cli.ts";
import { withGuest } from "../support/contract.ts";
import { processesWith } from "../support/processes.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

/** Someone at a terminal of this machine: a step of ours whose container has our own files. */
async function atTerminal(
  t: TestContext,
  body: (type: (command: string) => Step, guest: ThrowAwayGuest) => Promise<void>,
): Promise<void> {
  if (!canRun(t, ["root", "unshare", "stty"])) return;
  const machine = spawn("unshare", ["--mount", "sleep", "infinity"], { stdio: "ignore" });
  const pid = machine.pid ?? 0;
  await until("it has its own mounts", () => readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync("/proc/self/ns/mnt"));
  const desk = await connect({ pid });
  const { PATH = "" } = plainEnvironment();
  try {
    await withGuest({}, async (guest) => {
      const type = (command: string): Step =>
        desk.exec(["sh", "-c", `stty -g; ${command}; echo "status $?"; stty -g`], {
          tty: { columns: 90, rows: 20 },
          stdin: "pipe",
          env: { PATH, TERM: "linux" },
          timeout: 60_000,
        });
      await body(type, guest);
    });
  } finally {
    desk.close();
    machine.kill("SIGKILL");
  }
}

/** The terminal is at the end as it was at the beginning. */
function requireRestored(screen: string): void {
  const settings = screen.split("\r\n").filter((line) => /^[\da-f]+(:[\da-f]+){10,}$/.test(line));
  assert.equal(settings.length, 2, screen);
  assert.equal(settings[0], settings[1]);
}

/** What the step's terminal shows after that, in the end. */
async function restOf(step: Step): Promise<string> {
  return (await step).stdout ?? "";
}

test("shell opens a shell in the container, at our terminal and with its size", async (t) => {
  await atTerminal(t, async (type, { pid }) => {
    const step = type(`${CLI} shell --pid ${pid} --env PS1='> ' --shell sh`);
    await shown(step, "> ");
    step.stdin?.write("stty size; echo $TERM $GUEST\r");
    await shown(step, "20 90\r\nlinux yes\r\n");
    step.resize({ columns: 132, rows: 40 });
    // The command line learns of it by a signal, and the container from that.
    step.stdin?.write("while [ \"$(stty size)\" != '40 132' ]; do sleep 0.01; done; echo resi''zed\r");
    await shown(step, "resized");
    step.stdin?.write("sh -c 'echo j''ob; exec sleep 1000'\r");
    await shown(step, "job");
    step.stdin?.write("\x03");
    await shown(step, "> ");
    step.stdin?.write("stty -opost; printf 'a\\nb'; stty opost; exit 7\r");
    const screen = await restOf(step);
    assert.match(screen, /status 7\r\n/);
    // A bare newline of the container's stays one, or full-screen programs are drawn wrongly.
    assert.match(screen, /a\nb/);
    requireRestored(screen);
  });
});

test("the terminal is given back where the command line or the container is ended", async (t) => {
  await atTerminal(t, async (type, { pid }) => {
    // Its pid is an argument of the command line only, and of nobody else's.
    const commandLine = (): number => {
      const ofPid = processesWith(String(pid));
      const found = processesWith(path.join(path.dirname(CLI), "start.cjs")).find((it) => ofPid.includes(it));
      if (found === undefined) throw new Error("the command line does not run");
      return found;
    };
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) {
      const step = type(`${CLI} exec -it --pid ${pid} -- sh -c 'echo ready; exec sleep 1000'`);
      await shown(step, "ready");
      process.kill(commandLine(), signal);
      const screen = await restOf(step);
      assert.match(screen, /status 1(43|29|30)\r\n/, `${signal}: ${screen}`);
      requireRestored(screen);
    }
    const step = type(`${CLI} exec -it --pid ${pid} -- sh -c 'echo ready; exec sleep 1000'`);
    await shown(step, "ready");
    process.kill(pid, "SIGKILL");
    const screen = await restOf(step);
    assert.match(screen, /has ended; connect again[^]*status 125\r\n/);
    requireRestored(screen);
  });
});

test("a terminal without one of ours, and what shell needs", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await withGuest({}, async ({ pid }) => {
    const tty = await cli(["exec", "--tty", "--pid", String(pid), "--", "sh", "-c", "stty size; tty"]);
    assert.match(tty.stdout, /^24 80\r\n\/dev\/pts\/\d+\r\n$/);
    const where = ["--pid", String(pid)];
    for (const [args, message] of [
      [["shell", ...where], /stdin is no terminal, and shell needs one/],
      [["shell", ...where, "ls"], /shell takes no arguments, and "ls" is one/],
      [["shell", ...where, "--script", "x"], /--script "x" is for scripts/],
      [["exec", "-t", "--backend", "nsenter", ...where, "true"], /nsenter backend cannot give a step a terminal/],
    ] as const) {
      const { status, stderr } = await cli(args);
      assert.equal(status, 125);
      assert.match(stderr, message);
    }
  });
});
