import assert from "node:assert/strict";

import { ExecutorError } from "../../src/index.ts";
import type { Case } from "./case.ts";

/** What a caller without types may pass. */
function untyped(value: unknown): never {
  return value as never;
}

/** How a step's end is reported. */
export const outcomes: readonly Case[] = [
  {
    name: "exit statuses are exact, and a failure is a result",
    async run({ guest }) {
      for (const status of [0, 1, 7, 124, 125, 126, 127, 128, 255]) {
        const result = await guest.run({ script: `exit ${status}` });
        assert.equal(result.exitCode, status);
        assert.equal(result.failed, status !== 0);
        assert.equal(result.signal, undefined);
      }
    },
  },
  {
    name: "a step killed by a signal has that signal and no exit status",
    backends: ["native", "helper"],
    async run({ guest }) {
      for (const signal of ["SIGTERM", "SIGKILL", "SIGSEGV"] as const) {
        const result = await guest.run({ script: `kill -${signal.slice(3)} $$` });
        assert.equal(result.signal, signal);
        assert.equal(result.exitCode, undefined);
        assert.equal(result.failed, true);
      }
    },
  },
  {
    name: "the result names the backend and what the step used",
    async run({ guest, backend }) {
      const result = await guest.run({ script: "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done" });
      assert.equal(result.backend, backend);
      assert.equal(result.backendReason, "asked for by name");
      assert.ok(result.durationMs > 0);
      if (backend === "nsenter") {
        assert.equal(result.resourceUsage, undefined);
        assert.ok(result.limitations.length > 0);
        return;
      }
      const { userCpuMs = 0, systemCpuMs = 0, maxRssBytes = 0 } = result.resourceUsage ?? {};
      assert.ok(userCpuMs + systemCpuMs > 0);
      assert.ok(maxRssBytes > 100_000);
    },
  },
  {
    name: "reject turns a failure into an error that carries the result",
    async run({ guest }) {
      await assert.rejects(guest.run({ script: "echo out; exit 3", reject: true }), (error) => {
        assert.ok(error instanceof ExecutorError);
        assert.equal(error.code, "STEP_FAILED");
        assert.equal(error.result?.exitCode, 3);
        assert.equal(error.result?.stdout, "out");
        return true;
      });
    },
  },
  {
    name: "a program gets its arguments byte for byte",
    async run({ guest }) {
      const args = ["", "a b", "'", '"', "$HOME", "`id`", "new\nline", "\\", "ünï", "*", "-n"];
      const result = await guest.exec(["printf", "[%s]", ...args]);
      assert.equal(result.stdout, args.map((arg) => `[${arg}]`).join(""));
    },
  },
  {
    name: "a missing shell and a missing program are named, with status 127",
    async run({ guest, target }) {
      for (const step of [
        () => guest.run({ shell: "no-such-shell", script: ":" }),
        () => guest.exec(["no-such-program"]),
      ]) {
        await assert.rejects(step(), (error) => {
          assert.ok(error instanceof ExecutorError);
          assert.equal(error.code, "COMMAND_NOT_FOUND");
          assert.equal(error.exitStatus, 127);
          assert.match(error.message, /no-such-(shell|program)/);
          assert.match(error.message, new RegExp(`process ${target.pid}`));
          return true;
        });
      }
      await assert.rejects(guest.exec(["/no/such/program"]), { code: "COMMAND_NOT_FOUND" });
    },
  },
  {
    name: "what cannot be executed is status 126",
    async run({ guest }) {
      for (const program of ["/etc/passwd", "/tmp"]) {
        await assert.rejects(guest.exec([program]), (error) => {
          assert.ok(error instanceof ExecutorError);
          assert.equal(error.code, "COMMAND_NOT_EXECUTABLE");
          assert.equal(error.exitStatus, 126);
          return true;
        });
      }
    },
  },
  {
    name: "bad options are refused in one sentence, before anything starts",
    async run({ guest }) {
      const bad: [() => Promise<unknown>, string, RegExp][] = [
        [() => guest.run({ script: " \n" }), "EMPTY_SCRIPT", /empty/],
        [() => guest.exec([]), "INVALID_OPTION", /command is empty/],
        [() => guest.run(untyped(undefined)), "INVALID_OPTION", /options are of type undefined/],
        [() => guest.run(untyped(null)), "INVALID_OPTION", /options are null/],
        [() => guest.run(untyped("echo hi")), "INVALID_OPTION", /options are of type string/],
        [() => guest.run(untyped({})), "INVALID_OPTION", /script is of type undefined/],
        [() => guest.exec(untyped("uname -s")), "INVALID_OPTION", /command is of type string/],
        [() => guest.exec(untyped(["echo", 5])), "INVALID_OPTION", /argument 1 is of type number/],
        [() => guest.exec(["true"], untyped({ env: { A: 5 } })), "INVALID_OPTION", /variable A is of type number/],
        [
          () => guest.exec(["true"], untyped({ cwd: 5 })),
          "INVALID_OPTION",
          /option cwd is of type number; give a string/,
        ],
        [() => guest.exec(["true"], { cwd: "" }), "INVALID_OPTION", /working directory is empty/],
        [
          () => guest.exec(["true"], untyped({ privileged: "false" })),
          "INVALID_OPTION",
          /privileged .* give a boolean/,
        ],
        [() => guest.exec(["true"], untyped({ reject: "yes" })), "INVALID_OPTION", /reject .* give a boolean/],
        [
          () => guest.exec(["true"], untyped({ timeout: "5" })),
          "INVALID_OPTION",
          /timeout is of type string; give a number/,
        ],
        [() => guest.exec(["true"], untyped({ maxBuffer: "1" })), "INVALID_OPTION", /maxBuffer .* give a number/],
        [
          () => guest.exec(["true"], untyped({ groups: "wheel" })),
          "INVALID_OPTION",
          /groups is of type string; give a list/,
        ],
        [
          () => guest.exec(["true"], untyped({ user: {} })),
          "INVALID_OPTION",
          /user is of type Object; give a string or a/,
        ],
        [() => guest.exec(["true"], untyped({ user: null })), "INVALID_OPTION", /user is null/],
        [() => guest.exec(["true"], untyped({ env: ["A=1"] })), "INVALID_OPTION", /env is a list; give an object/],
        [
          () => guest.exec(["true"], untyped({ env: new Map() })),
          "INVALID_OPTION",
          /env is of type Map; give an object/,
        ],
        [() => guest.exec(["true"], untyped({ env: "A=1" })), "INVALID_OPTION", /env is of type string/],
        [() => guest.exec(["true"], { groups: Array(70_000).fill(0) }), "INVALID_OPTION", /70000 groups|cannot set/],
        [() => guest.exec(["true"], untyped({ signal: 5 })), "INVALID_OPTION", /signal is no AbortSignal/],
        [() => guest.exec(["true"], untyped({ input: 5 })), "INVALID_OPTION", /input is of type number/],
        [() => guest.exec(["true"], untyped({ stdin: "tty" })), "INVALID_OPTION", /stdin "tty" is unknown/],
        [() => guest.run({ script: ":", timeout: -1 }), "INVALID_OPTION", /timeout -1/],
        [() => guest.run({ script: ":", timeout: Number.NaN }), "INVALID_OPTION", /timeout NaN/],
        [() => guest.run({ script: ":", shell: "" }), "INVALID_OPTION", /shell is empty/],
        [() => guest.run({ script: ":", env: { "": "x" } }), "INVALID_OPTION", /no name/],
        [() => guest.run({ script: ":", env: { "A=B": "x" } }), "INVALID_OPTION", /"A=B"/],
        [() => guest.run({ script: ":", env: { A: "x\0y" } }), "INVALID_OPTION", /variable A contains a NUL/],
        [() => guest.exec(["echo", "a\0b"]), "INVALID_OPTION", /argument 1 contains a NUL/],
        [() => guest.run({ script: ":", env: { BIG: "x".repeat(131_072) } }), "TOO_LARGE", /variable BIG/],
        [() => guest.exec(["echo", "x".repeat(131_072)]), "TOO_LARGE", /argument 1/],
      ];
      for (const [step, code, message] of bad) await assert.rejects(step(), { code, message });
    },
  },
];
