import assert from "node:assert/strict";
import { readdirSync } from "node:fs";

import type { Case } from "./case.ts";

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.sh$/;

function scripts(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".sh"));
}

/** How a script gets into the container. */
export const scriptCases: readonly Case[] = [
  {
    name: "a script file is the user's own, mode 0700, named by a UUID v7, and gone afterwards",
    async run({ guest, target }) {
      const { stdout } = await guest.run({ script: 'echo "$0"; stat -c "%a %u" "$0"' });
      const [path = "", facts] = (stdout ?? "").split("\n");
      assert.ok(path.startsWith(`${target.containerRoot}/`));
      assert.match(path.slice(target.containerRoot.length + 1), UUID7);
      assert.equal(facts, `700 ${target.uid}`);
      assert.deepEqual(scripts(target.sharedRoot), []);
    },
  },
  {
    name: "no file is left by a failure, a missing shell, a bad directory or a timeout",
    async run({ guest, target }) {
      await guest.run({ script: "exit 1" });
      await assert.rejects(guest.run({ script: ":", shell: "none" }));
      await assert.rejects(guest.run({ script: ":", cwd: "/none" }));
      const { timedOut } = await guest.run({ script: "exec sleep 100", timeout: 50 });
      assert.equal(timedOut, true);
      assert.deepEqual(scripts(target.sharedRoot), []);
    },
  },
  {
    name: "a script that removes itself is no failure",
    async run({ guest, target }) {
      assert.equal((await guest.run({ script: 'rm -f "$0"; echo still here' })).stdout, "still here");
      assert.deepEqual(scripts(target.sharedRoot), []);
    },
  },
  {
    name: "without a shared root the script is in memory, and cannot be written to",
    async run({ connect, target }) {
      const guest = await connect();
      const { stdout, stderr } = await guest.run({ script: 'echo "$0"; echo changed > "$0"; echo $?' });
      guest.close();
      const [path, status] = (stdout ?? "").split("\n");
      assert.equal(path, "/dev/fd/3");
      assert.notEqual(status, "0", stderr ?? "");
      assert.deepEqual(scripts(target.sharedRoot), []);
    },
    backends: ["native", "helper"],
  },
  {
    name: "the transport can be chosen",
    async run({ guest, connect }) {
      assert.equal((await guest.run({ script: 'echo "$0"', transport: "memfd" })).stdout, "/dev/fd/3");
      const rootless = await connect();
      await assert.rejects(rootless.run({ script: ":", transport: "file" }), { code: "INVALID_OPTION" });
      rootless.close();
    },
  },
  {
    name: "a container root that is wrong is named, instead of the shell's own complaint",
    async run({ target, connect }) {
      const guest = await connect({ sharedRoot: target.sharedRoot, containerRoot: "/elsewhere" });
      await assert.rejects(guest.run({ script: ":" }), {
        code: "SHARED_ROOT",
        message: /the script is not at \/elsewhere\/.*; set the container root/,
      });
      guest.close();
      assert.deepEqual(scripts(target.sharedRoot), []);
    },
  },
  {
    name: "CRLF and CR become LF",
    async run({ guest }) {
      assert.equal((await guest.run({ script: "echo one\r\necho two\recho three\r\n" })).stdout, "one\ntwo\nthree");
    },
  },
  {
    name: "a large script and one with bytes that are no UTF-8 run",
    async run({ guest }) {
      const filler = `# ${"x".repeat(98)}\n`.repeat(20_000);
      assert.equal((await guest.run({ script: `${filler}echo end` })).stdout, "end");
      const bytes = Buffer.concat([Buffer.from("printf '"), Buffer.of(0xff, 0xfe), Buffer.from("' | wc -c")]);
      assert.equal((await guest.run({ script: bytes })).stdout?.trim(), "2");
    },
  },
  {
    name: "arguments and variables that are not UTF-8 arrive as they are",
    async run({ guest }) {
      // With what an escape could get wrong: digits, a backslash, a percent sign and newlines at the end.
      const bytes = Buffer.from("caf\xe9\x801\\0%s \xff\n\n", "latin1");
      const script = 'printf "%s|%s|%s|%s" "$1" "$2" "${11}" "$ODD" | od -An -v -tx1';
      const words = Array.from({ length: 8 }, () => "x");
      const command = ["sh", "-c", script, "sh", bytes, "é", ...words, bytes];
      const { stdout } = await guest.exec(command, { env: { ODD: bytes } });
      const sent = Buffer.concat([bytes, Buffer.from("|é|"), bytes, Buffer.from("|"), bytes]);
      assert.equal(stdout?.replaceAll(/\s/g, ""), sent.toString("hex"));
    },
  },
  {
    name: "text that has no UTF-8 is refused",
    async run({ guest }) {
      const half = "\ud800";
      const rejects = (step: Promise<unknown>, message: RegExp): Promise<void> =>
        assert.rejects(step, { code: "INVALID_OPTION", message });
      await rejects(guest.exec(["echo", half]), /^argument 1 contains a lone surrogate, which is not valid UTF-8; /);
      await rejects(guest.exec(["echo"], { env: { A: half } }), /^variable A contains a lone surrogate/);
      await rejects(guest.exec(["echo"], { env: { [half]: "" } }), /^the variable name "\\ud800" contains a lone/);
      await rejects(guest.exec(["echo"], { cwd: `/${half}` }), /^the working directory contains a lone surrogate/);
      await rejects(guest.exec(["cat"], { input: half }), /^input contains a lone surrogate.*; give its bytes/);
      await rejects(guest.run({ script: `echo ${half}` }), /^the script contains a lone surrogate.*; give its bytes/);
      await rejects(guest.run({ script: "echo", shell: half }), /^the shell contains a lone surrogate/);
    },
  },
  {
    name: "any interpreter runs, by name or by path",
    async run({ guest }) {
      assert.equal((await guest.run({ shell: "/bin/sh", script: "echo $((6*7))" })).stdout, "42");
      assert.equal((await guest.run({ shell: "cat", script: "not a program\n" })).stdout, "not a program");
    },
  },
  ...["bash", "zsh"].map((shell): Case => ({
    name: `${shell} runs what only it understands`,
    when: ({ shells }) => shells.includes(shell),
    async run({ guest }) {
      const script =
        'a=(1 2 3); echo "${#a[@]}"; [[ abc == a* ]] && echo yes; echo "${ZSH_VERSION:+zsh}${BASH_VERSION:+bash}"';
      assert.equal((await guest.run({ shell, script })).stdout, `3\nyes\n${shell}`);
    },
  })),
];
