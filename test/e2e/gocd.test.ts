import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { agentOf, GOCD_VARIABLES, jobOf, replay, type Replay } from "../gocd/replay.ts";
import type { Job } from "../gocd/job.ts";
import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { BACKENDS } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

let guest: ThrowAwayGuest;
before(async () => {
  guest = await makeGuest();
});
after(() => guest.close());

function run(args: readonly string[], more: Partial<Job> = {}): Promise<Replay> {
  return replay(jobOf(args, more), agentOf(guest), guest.sharedRoot);
}

/** The environment of a step, by name; read by the kernel's own word, for a shell drops names. */
async function environmentOf(args: readonly string[], more: Partial<Job> = {}): Promise<Map<string, string>> {
  const { stdout, status, stderr } = await run(["exec", ...args, "cat", "/proc/self/environ"], more);
  assert.equal(status, 0, stderr.join("\n"));
  const entries = stdout.join("\n").split("\0").filter(Boolean);
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
}

const ODD = {
  MULTI_LINE: "one\n  two\n\nthree",
  QUOTES: `it's "quoted" \`ls\` $HOME \\ %s`,
  EQUALS: "a=b==c",
  EMPTY: "",
  "dotted.name": "dotted",
  "dashed-name": "dashed",
  UNICODE: "grüße ✓",
};

for (const backend of BACKENDS) {
  test(`${backend}: the job's variables go in, the agent's stay out`, async () => {
    // The container's sh, which its wrapper needs, may drop names that are no identifiers.
    const odd = backend === "nsenter" ? { QUOTES: ODD.QUOTES, MULTI_LINE: ODD.MULTI_LINE } : ODD;
    const secret = { SECURE_TOKEN: "hunter2" };
    const environment = await environmentOf(["--backend", backend], { variables: { ...odd, ...secret } });
    for (const [name, value] of Object.entries({ ...GOCD_VARIABLES, ...odd, ...secret })) {
      assert.equal(environment.get(name), value, name);
    }
    assert.equal(environment.get("HOME"), "/root");
    assert.equal(environment.get("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    assert.equal(environment.get("PWD"), "/work/pipelines/web");
    const own = ["HOME", "PATH", "PWD", "GUEST", "K8S_EXECUTOR_STEP"];
    const known = new Set([...Object.keys({ ...GOCD_VARIABLES, ...odd, ...secret }), ...own]);
    assert.deepEqual(
      [...environment.keys()].filter((name) => !known.has(name)),
      // The container's sh, which its wrapper needs, sets it.
      backend === "nsenter" ? ["OLDPWD"] : [],
    );
  });
}

test("the working directory is the pipeline's, as the container sees it", async () => {
  const { stdout } = await run(["run", "--script", "pwd; dirname $0"], { workingDirectory: "sub/dir" });
  assert.deepEqual(stdout, ["/work/pipelines/web/sub/dir", "/work"]);
});

test("a task outside the shared volume starts in the container's own directory, and a note says so", async () => {
  // As where GoCD's image has made pipelines a link to another volume.
  const elsewhere = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-elsewhere-"));
  try {
    const { stdout, stderr } = await replay(jobOf(["run", "--script", "pwd"]), agentOf(guest), elsewhere);
    assert.deepEqual(stdout, ["/root"]);
    assert.equal(
      stderr[0],
      `k8s-executor: note: the task's working directory ${elsewhere}/pipelines/web is not below the shared root ${guest.sharedRoot}: the step starts in the container's own`,
    );
    const { stderr: quiet } = await replay(jobOf(["exec", "--cwd", "/", "pwd"]), agentOf(guest), elsewhere);
    assert.doesNotMatch(quiet.join("\n"), /note/);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test("stdin is at its end", async () => {
  assert.deepEqual((await run(["exec", "--stdin", "cat"])).stdout, []);
  assert.deepEqual((await run(["exec", "cat"])).stdout, []);
});

test("what the job changed of the agent's own goes in, and what is the same stays out", async () => {
  const environment = await environmentOf([], {
    variables: { PATH: `${agentOf(guest)["PATH"]}:/opt/tools`, JAVA_HOME: "/opt/java", LANG: "en_US.UTF-8" },
  });
  assert.equal(environment.get("PATH")?.endsWith(":/opt/tools"), true);
  assert.equal(environment.get("JAVA_HOME"), "/opt/java");
  assert.equal(environment.has("LANG"), false);
});

test("what shells between the agent and us set stays out; what they export goes in", async () => {
  const script = "cd ..; export FROM_SHELL=yes; exec k8s-executor exec cat /proc/self/environ";
  for (const shell of ["sh", "bash"]) {
    const { stdout } = await run([], { command: shell, arguments: ["-c", `${shell} -c '${script}'`] });
    const names = stdout
      .join("\n")
      .split("\0")
      .map((entry) => entry.split("=")[0] ?? "");
    assert.deepEqual(
      names.filter((name) => ["OLDPWD", "SHLVL", "_"].includes(name)),
      [],
    );
    assert.ok(names.includes("FROM_SHELL"));
    assert.ok(stdout.join("\n").includes("PWD=/work/pipelines\0"));
  }
});

test("bytes that are no UTF-8 survive", async () => {
  const script = `export BYTES="$(printf 'a\\377\\376z')"; exec k8s-executor exec $ONLY sh -c 'printf %s "$BYTES" | od -An -tx1'`;
  for (const only of ["", "--no-job-env --env BYTES", "--no-job-env --pass-env BYTE?"]) {
    const { stdout } = await run([], { command: "sh", arguments: ["-c", script], variables: { ONLY: only } });
    assert.deepEqual(stdout, [" 61 ff fe 7a"], only);
  }
});

test("hundreds of kilobytes in all, of any kind of name", async () => {
  const many = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`LARGE_${index}`, "x".repeat(100_000)]));
  for (const odd of [{}, { "a.b": "dotted" }]) {
    const environment = await environmentOf([], { variables: { ...many, ...odd } });
    for (const [name, value] of Object.entries({ ...many, ...odd })) assert.equal(environment.get(name), value, name);
  }
});

test("--pass-env adds the agent's own by glob, never GO_EA_*", async () => {
  const globs = ["--pass-env", "JAVA_*", "--pass-env", "LAN?", "--pass-env", "GO_EA_*", "--pass-env", "*WD"];
  const environment = await environmentOf(globs);
  assert.deepEqual([environment.get("JAVA_HOME"), environment.get("LANG")], ["/gocd-jre", "en_US.UTF-8"]);
  assert.equal(environment.get("PWD"), "/work/pipelines/web");
  assert.deepEqual(
    [...environment.keys()].filter((name) => /^GO_EA_|^AGENT_|^GO_K8S_|^OLDPWD/.test(name)),
    [],
  );
});

test("--no-job-env passes nothing but what is asked for; --env and --env-file win", async () => {
  const none = await environmentOf(["--no-job-env"], { variables: { SECURE_TOKEN: "hunter2" } });
  assert.deepEqual([...none.keys()].toSorted(), ["GUEST", "HOME", "K8S_EXECUTOR_STEP", "PATH", "PWD"]);
  const some = await environmentOf(["--no-job-env", "--pass-env", "GO_*"], { variables: { SECURE_TOKEN: "hunter2" } });
  assert.deepEqual([some.get("GO_JOB_NAME"), some.has("SECURE_TOKEN")], ["compile", false]);
  const won = await environmentOf(["--env", "GO_JOB_NAME=mine", "--env", "dotted.name"], {
    variables: { "dotted.name": "dotted" },
  });
  assert.deepEqual([won.get("GO_JOB_NAME"), won.get("dotted.name")], ["mine", "dotted"]);
});

test("outside a job nothing is passed unless it is asked for", async () => {
  const job = { ...jobOf(["exec", "cat", "/proc/self/environ"]), variables: { USERS_OWN: "yes" } };
  const { stdout } = await replay(job, agentOf(guest), guest.sharedRoot);
  assert.doesNotMatch(stdout.join("\n"), /USERS_OWN|JAVA_HOME|AGENT_WORK_DIR/);
  const asked = { ...job, arguments: ["exec", "--pass-env", "USERS_*", "cat", "/proc/self/environ"] };
  assert.match((await replay(asked, agentOf(guest), guest.sharedRoot)).stdout.join("\n"), /USERS_OWN=yes/);
});

test("an agent that cannot be looked into: only GO_* goes in, and a note says so", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  // In another mount namespace than our own, as the pause container that adopts orphans.
  const { stdout, stderr, status } = await run([], {
    command: "unshare",
    arguments: ["--mount", "k8s-executor", "exec", "--pass-env", "SECURE_*", "cat", "/proc/self/environ"],
    variables: { SECURE_TOKEN: "hunter2", USERS_OWN: "yes" },
  });
  assert.equal(status, 0);
  assert.match(stdout.join("\n"), /GO_JOB_NAME=compile/);
  assert.match(stdout.join("\n"), /SECURE_TOKEN=hunter2/);
  assert.doesNotMatch(stdout.join("\n"), /USERS_OWN|JAVA_HOME|GO_EA_|GO_K8S_/);
  assert.match(
    stderr.join("\n"),
    /note: only the job's GO_\* variables are passed, .* process \d+, above us, is in another mount namespace; name them with --pass-env/,
  );
});
