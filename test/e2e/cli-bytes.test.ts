import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { makeGuest, type ThrowAwayGuest } from "../guests/guest.ts";
import { CLI, plainEnvironment } from "../support/cli.ts";
import { temporaryDirectory } from "../support/package-copy.ts";
import { canRun } from "../support/require.ts";
import { startWorker } from "../support/worker.ts";

/** Latin-1, a lone continuation byte, an overlong slash, a surrogate and the beginning of a character, among valid text. */
const ODD = Buffer.concat([
  Buffer.from("é\u{fffd}"),
  Buffer.from(" \xe9|\x80|\xc0\xaf|\xed\xa0\x80|\xf0\x9f\x99", "latin1"),
]);
/** For printf(1), which makes it of ASCII: Node starts programs with text only. */
const OCTAL = [...ODD].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

let guest: ThrowAwayGuest;
before(async () => {
  guest = await makeGuest();
});
after(() => guest.close());

interface Ended {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

/** Runs the command line from a shell script, in which $odd is ODD. */
function runFrom(script: string, env: NodeJS.ProcessEnv = {}, input?: Buffer): Ended {
  const command = ["-c", `odd=$(printf '${OCTAL}'); cli=$1; pid=$2; shift 2; ${script}`, "sh", CLI, String(guest.pid)];
  const { status, stdout, stderr } = spawnSync("sh", command, { env: { ...plainEnvironment(), ...env }, input });
  return { status, stdout, stderr: stderr.toString() };
}

for (const backend of ["native", "helper", "nsenter"]) {
  test(`the bytes of arguments, of --env and of a script arrive as they are: ${backend}`, (t) => {
    if (!canRun(t, ["nsenter", "root"])) return;
    const print = `sh -c 'printf "%s|%s" "$1" "$V"' sh`;
    const exec = runFrom(`exec "$cli" exec --pid $pid --backend ${backend} --env "V=$odd" -- ${print} "$odd"`);
    assert.deepEqual(exec, { status: 0, stdout: Buffer.concat([ODD, Buffer.from("|"), ODD]), stderr: "" });
    const run = `exec "$cli" run --pid $pid --backend ${backend}`;
    const whole = Buffer.concat([Buffer.from("printf %s '"), ODD, Buffer.from("'")]);
    for (const how of [`--script "printf %s '$odd'"`, "-"]) {
      assert.deepEqual(runFrom(`${run} ${how}`, {}, whole), { status: 0, stdout: ODD, stderr: "" }, how);
    }
  });
}

test("a variable's value that is passed by its name alone arrives as it is", () => {
  const { stdout } = runFrom('V=$odd; export V; exec "$cli" exec --pid $pid --env V -- printenv V');
  assert.deepEqual(stdout, Buffer.concat([ODD, Buffer.from("\n")]));
});

test("U+FFFD itself is text like any other", () => {
  const { stdout } = runFrom('exec "$cli" exec --pid $pid -- printf %s "$(printf \'\\357\\277\\275\')"');
  assert.equal(stdout.toString(), "\u{fffd}");
});

test("a file's name is its bytes: the script, the environment file, the JSON result", (t) => {
  const directory = temporaryDirectory(t);
  const script = `cd ${directory} && echo 'echo $A' > "$odd.sh" && echo A=1 > "$odd.env" &&
    "$cli" run --pid $pid --env-file "$odd.env" --json="$odd.json" "$odd.sh" && cat "$odd.json"`;
  const { status, stdout, stderr } = runFrom(script);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout.toString(), /^1\n\{"exitStatus":0,/);
});

test("what must be text is refused in one sentence where it is not UTF-8", (t) => {
  const options = [
    "container",
    "pid",
    "shared-root",
    "container-root",
    "config",
    "backend",
    "wait",
    "mask",
    "cwd",
    "user",
  ];
  const step = 'exec "$cli" exec --pid $pid';
  for (const [script, what] of [
    ...[...options, "groups", "timeout", "pass-env"].map(
      (name) => [`exec "$cli" exec --${name}="$odd" true`, `the value of --${name}`] as const,
    ),
    ['exec "$cli" run --shell "$odd" --script true', "the value of --shell"],
    [`${step} --env "$odd=1" true`, "the name of a variable in --env"],
    [`${step} "$odd"`, "the program's name"],
    ['exec "$cli" install "$odd"', "the directory"],
    ['exec "$cli" worker --mask "$odd"', "the value of --mask"],
    ['exec "$cli" worker --socket "$odd"', "the value of --socket"],
    ['exec "$cli" wait --container "$odd"', "the value of --container"],
    ['exec "$cli" doctor --container "$odd"', "the value of --container"],
  ] as const) {
    const { status, stderr } = runFrom(script);
    assert.equal(status, 125, script);
    const start = `k8s-executor: ${what} "é\u{fffd} \\xe9|\\x80|\\xc0\\xaf|\\xed\\xa0\\x80|\\xf0\\x9f\\x99" is not valid UTF-8; `;
    assert.ok(stderr.startsWith(start) && stderr.indexOf("\n") === stderr.length - 1, `${script}: ${stderr}`);
  }
  const directory = temporaryDirectory(t);
  mkdirSync(path.join(directory, "shared"));
  const elsewhere = `mkdir "${directory}/shared/$odd" && cd "${directory}/shared/$odd"`;
  const { status, stderr } = runFrom(`${elsewhere} && ${step} --shared-root ${directory}/shared true`);
  assert.equal(status, 125);
  assert.match(stderr, /^k8s-executor: our working directory ".*" is not valid UTF-8; rename it, or give --cwd\n$/);
});

test("a configuration that is not UTF-8 is refused", (t) => {
  const file = path.join(temporaryDirectory(t), "config.json");
  writeFileSync(file, Buffer.from('{ "containers": { "a": { "env": { "A": "\xe9" } } } }', "latin1"));
  const { status, stderr } = runFrom(`exec "$cli" exec --pid $pid --config ${file} true`);
  assert.deepEqual([status, stderr], [125, `k8s-executor: the configuration "${file}" is not UTF-8; convert it\n`]);
});

test("a worker refuses a request that is not UTF-8, and text that has no UTF-8", async () => {
  const { child, client } = startWorker(["--pid", String(guest.pid)]);
  try {
    client.input.write(Buffer.from('{ "id": 1, "request": "execute\xe9" }\n', "latin1"));
    assert.deepEqual(await client.next(), {
      id: null,
      error: { code: "INVALID_JSON", message: "a line is not valid UTF-8; send JSON in UTF-8" },
    });
    const script = await client.run(2, "echo \ud800");
    assert.match(JSON.stringify(script.answer), /"success":false,"message":"the script contains a lone surrogate/);
    const variable = await client.run(3, "echo", { A: "\ud800" });
    assert.match(JSON.stringify(variable.answer), /"success":false,"message":"variable A contains a lone surrogate/);
  } finally {
    child.kill("SIGKILL");
  }
});
