import assert from "node:assert/strict";

import type { Guest } from "../../src/index.ts";
import { SUPERVISED, type Case } from "./case.ts";

async function environ(guest: Guest, env: Record<string, string | undefined> = {}): Promise<Map<string, string>> {
  const { stdout } = await guest.exec(["cat", "/proc/self/environ"], { env });
  return new Map(
    (stdout ?? "")
      .split("\0")
      .filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}

/** What a step finds in its environment. */
export const environment: readonly Case[] = [
  {
    name: "the container's own variables are there, the agent's are not",
    async run({ guest, target }) {
      process.env["AGENTS_OWN"] = "secret";
      const variables = await environ(guest);
      delete process.env["AGENTS_OWN"];
      assert.equal(variables.get("GUEST"), "yes");
      assert.equal(variables.get("HOME"), target.uid === 0 ? "/root" : "/home");
      assert.match(variables.get("PATH") ?? "", /\/usr\/bin/);
      assert.equal(variables.has("AGENTS_OWN"), false);
    },
  },
  {
    name: "values arrive byte for byte",
    async run({ guest }) {
      const job = {
        QUOTES: `'"\`\\`,
        DOLLAR: "$HOME $(id) ${x}",
        LINES: "one\ntwo\n",
        EMPTY: "",
        EQUALS: "a=b=c",
        UNICODE: "grüße ✓",
        BIG: "x".repeat(100_000),
        LD_LIBRARY_PATH: "/nowhere",
      };
      const variables = await environ(guest, job);
      for (const [name, value] of Object.entries(job)) assert.equal(variables.get(name), value, name);
    },
  },
  {
    name: "any name without = is passed",
    backends: SUPERVISED,
    async run({ guest }) {
      const job = { "with.dot": "1", "with-dash": "2", "with space": "3", ünïcode: "4", "1": "5" };
      const variables = await environ(guest, job);
      for (const [name, value] of Object.entries(job)) assert.equal(variables.get(name), value, name);
    },
  },
  {
    name: "the job's variables replace the container's, and undefined removes one",
    async run({ guest }) {
      const variables = await environ(guest, { GUEST: "replaced", HOME: undefined });
      assert.equal(variables.get("GUEST"), "replaced");
      assert.equal(variables.has("HOME"), false);
    },
  },
  {
    name: "GO_EA_* never reaches a step, neither the container's nor the job's",
    async run({ guest }) {
      const variables = await environ(guest, { GO_EA_SERVER_URL: "https://go", GO_PIPELINE_NAME: "build" });
      assert.deepEqual(
        [...variables.keys()].filter((name) => name.startsWith("GO_")),
        ["GO_PIPELINE_NAME"],
      );
    },
  },
  {
    name: "5,000 variables are passed",
    async run({ guest }) {
      const job = Object.fromEntries(
        Array.from({ length: 5000 }, (_, index) => [`VARIABLE_${index}`, `value ${index}`]),
      );
      const variables = await environ(guest, job);
      for (const [name, value] of Object.entries(job)) assert.equal(variables.get(name), value);
    },
  },
  {
    name: "more than the kernel takes is an error that says so",
    async run({ guest }) {
      const env = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`V${index}`, "x".repeat(100_000)]));
      await assert.rejects(guest.exec(["true"], { env }), { code: "TOO_LARGE", message: /larger? together/ });
    },
  },
  {
    name: "a program is looked for in the step's own PATH",
    async run({ guest }) {
      const { stdout } = await guest.run({
        script: 'mkdir -p /tmp/own && printf "#!/bin/sh\\necho own" > /tmp/own/tool && chmod +x /tmp/own/tool',
      });
      assert.equal(stdout, "");
      const result = await guest.exec(["tool"], { env: { PATH: "/nowhere:/tmp/own:/usr/bin:/bin" } });
      assert.equal(result.stdout, "own");
    },
  },
  {
    name: "an entry of the PATH that cannot be looked into is passed over",
    async run({ guest }) {
      const made = await guest.run({
        script:
          'mkdir -p /tmp/after && printf "#!/bin/sh\\necho \\$PATH" > /tmp/after/tool && chmod +x /tmp/after/tool; ln -sfn loop /tmp/loop',
      });
      assert.equal(made.exitCode, 0);
      for (const entry of ["/tmp/loop", `/tmp/${"n".repeat(300)}`, "/etc/passwd"]) {
        const PATH = `${entry}:/tmp/after`;
        const result = await guest.exec(["tool"], { env: { PATH } });
        assert.deepEqual([result.exitCode, result.stdout], [0, PATH]);
        await assert.rejects(guest.exec(["no-such-tool"], { env: { PATH: `${entry}:/bin` } }), {
          code: "COMMAND_NOT_FOUND",
        });
      }
    },
  },
];
