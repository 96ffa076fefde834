import assert from "node:assert/strict";
import { test } from "node:test";

import { ExecutorError } from "../../src/errors/index.ts";
import { readExecuteMessage, type Directories } from "../../src/gocd/execute-message.ts";
import { RequestLines, type RequestLine } from "../../src/gocd/request-lines.ts";
import { configuration, validate } from "../../src/gocd/task-fields.ts";
import { view } from "../../src/gocd/task-view.ts";
import { LineSplitter, type Line } from "../../src/process/line-splitter.ts";

const WHERE: Directories = { sharedRoot: "/go", startedIn: "/" };
const NOWHERE: Directories = { sharedRoot: undefined, startedIn: "/" };

test("configuration: the plugin's own fields, with an order that is a string", () => {
  const fields = configuration();
  assert.deepEqual(Object.keys(fields), ["script", "shtype", "container"]);
  const required = [fields.script, fields.shtype, fields.container].map((field) => field.required);
  assert.deepEqual(required, [true, false, false]);
  for (const field of Object.values(fields)) {
    assert.deepEqual([typeof field["display-name"], typeof field["display-order"]], ["string", "string"]);
    assert.equal(field.secure, false);
  }
});

test("validate: errors by field", () => {
  const errorsOf = (script: unknown, shtype: unknown): object =>
    validate({ script: { value: script, secure: false, required: true }, shtype: { value: shtype } }).errors;
  for (const shell of ["sh", "bash", "zsh", "", null, undefined, " bash "])
    assert.deepEqual(errorsOf("make", shell), {});
  for (const shell of ["fish", "Bash", "/bin/sh", "sh -x", "__proto__"]) {
    assert.deepEqual(Object.keys(errorsOf("make", shell)), ["shtype"], shell);
  }
  for (const script of ["", " \r\n\t", null, undefined])
    assert.deepEqual(Object.keys(errorsOf(script, "sh")), ["script"]);
  assert.deepEqual(Object.keys(errorsOf("", "fish")), ["script", "shtype"]);
  assert.deepEqual(Object.keys(validate({}).errors), ["script"]);
  for (const body of [undefined, null, [], "x", { script: "make" }, { script: { value: 1 } }, { script: [] }]) {
    assert.throws(() => validate(body), { code: "INVALID_REQUEST" }, JSON.stringify(body));
  }
});

test("view: a control and an error for each field, and every tag is closed", () => {
  const { displayValue, template } = view();
  assert.equal(displayValue, "k8s Executor");
  for (const name of Object.keys(configuration())) {
    assert.equal(template.split(`ng-model="${name}"`).length, 2);
    assert.ok(
      template.includes(`ng-show="GOINPUTNAME[${name}].$error.server">{{ GOINPUTNAME[${name}].$error.server }}<`),
    );
  }
  const open: string[] = [];
  for (const [, slash, tag = ""] of template.matchAll(/<(\/?)(\w+)[^>]*>/g)) {
    if (tag === "input") continue; // which has no end
    if (slash === "") open.push(tag);
    else assert.equal(open.pop(), tag);
  }
  assert.deepEqual(open, []);
  // Each shell of the form passes the validation.
  for (const [, shell] of template.matchAll(/<option value="(\w*)">/g)) {
    assert.deepEqual(validate({ script: { value: ":" }, shtype: { value: shell } }).errors, {});
  }
});

test("execute: the message of the reference", () => {
  const task = readExecuteMessage(
    JSON.parse(`{"config":{"shtype":{"value":"bash","secure":false,"required":true},"script":{"value":"make","secure":false,"required":true}},
      "context":{"workingDirectory":"pipelines/NAME","environmentVariables":{"GO_PIPELINE_NAME":"web"}}}`),
    WHERE,
    [],
  );
  const expected = { script: "make", shell: "bash", cwd: "/go/pipelines/NAME", env: { GO_PIPELINE_NAME: "web" } };
  assert.deepEqual(task, { ...expected, mask: [], container: "" });
});

const config = { script: { value: "make" } };

test("execute: the working directory is below the shared root, or refused", () => {
  const cwdOf = (workingDirectory: unknown, root: string | undefined = "/go", startedIn = "/"): string | undefined =>
    readExecuteMessage({ config, context: { workingDirectory } }, { sharedRoot: root, startedIn }, []).cwd;
  for (const [given, cwd] of [
    ["pipelines/web", "/go/pipelines/web"],
    ["./pipelines/../pipelines/web/", "/go/pipelines/web"],
    ["/go/pipelines/web", "/go/pipelines/web"],
    [".", "/go"],
    ["..a", "/go/..a"],
    ["", undefined],
    [null, undefined],
  ] as const) {
    assert.equal(cwdOf(given), cwd, String(given));
  }
  // GoCD's own image shares the pipelines only, and its agent works above them.
  assert.equal(cwdOf("pipelines/web", "/go/pipelines", "/go"), "/go/pipelines/web");
  assert.equal(cwdOf("web", "/go/pipelines", "/go"), "/go/pipelines/web");
  assert.equal(cwdOf("pipelines/web", "/go", "/go/pipelines/other"), "/go/pipelines/web");
  for (const outside of ["..", "../go2", "pipelines/../../etc", "/etc", "/gopher"]) {
    assert.throws(() => cwdOf(outside), { code: "INVALID_OPTION", message: /is not below the shared root/ }, outside);
  }
  assert.throws(() => readExecuteMessage({ config, context: { workingDirectory: "a" } }, NOWHERE, []), {
    code: "INVALID_OPTION",
    message: /without a shared root/,
  });
  assert.throws(() => cwdOf(7), { code: "INVALID_REQUEST" });
});

test("execute: variables, and which of them are masked", () => {
  const environmentVariables = JSON.parse(
    `{"A":"1","a.b-c":"it's","S":{"value":"s","secure":true},"P":{"value":"p","secure":false},"N":null,"E":"","__proto__":"x","U":{"secure":true}}`,
  ) as object;
  const body = { config, context: { environmentVariables }, maskedVariables: ["A", "S", "NOT_SET"] };
  const { env, mask } = readExecuteMessage(body, WHERE, ["P", "ABSENT", "A"]);
  assert.deepEqual(Object.entries(env), [
    ["A", "1"],
    ["a.b-c", "it's"],
    ["S", "s"],
    ["P", "p"],
    ["E", ""],
    ["__proto__", "x"],
  ]);
  assert.deepEqual(mask, ["A", "S", "NOT_SET", "P"]);
  const inContext = { config, context: { maskedVariables: ["A"] } };
  assert.deepEqual(readExecuteMessage(inContext, WHERE, []).mask, ["A"]);
  for (const bad of [
    { config, context: { environmentVariables: [] } },
    { config, context: { environmentVariables: { A: 1 } } },
    { config, context: { environmentVariables: { A: { value: ["x"] } } } },
    { config, context: "x" },
    { config, maskedVariables: "A" },
    { config, maskedVariables: [1] },
    { config, maskedVariables: ["A=B"] },
    { context: {} },
    undefined,
    [],
  ]) {
    assert.throws(() => readExecuteMessage(bad, WHERE, []), { code: "INVALID_REQUEST" }, JSON.stringify(bad));
  }
});

test("execute: no message shows a value", () => {
  for (const body of [
    { config, context: { environmentVariables: { A: { value: { hidden: "topsecret" } } } } },
    { config, context: { environmentVariables: "topsecret" } },
    { config: { script: { value: ["topsecret"] } } },
    { config, maskedVariables: "topsecret" },
  ]) {
    assert.throws(
      () => readExecuteMessage(body, WHERE, []),
      (error: Error) => !error.message.includes("topsecret"),
    );
  }
});

function read(lines: RequestLines, chunks: readonly Buffer[]): RequestLine[] {
  return [...chunks.flatMap((chunk) => [...lines.add(chunk)]), ...lines.end()];
}

test("a client's lines, however they are cut, and one that is too long", () => {
  const text = Buffer.from('{"id":1}\n\n{"id":"é"}\r\nlast');
  const whole = read(new RequestLines(), [text]).map(String);
  assert.deepEqual(whole, ['{"id":1}', "", '{"id":"é"}\r', "last"]);
  assert.deepEqual(
    read(
      new RequestLines(),
      [...text].map((byte) => Buffer.of(byte)),
    ).map(String),
    whole,
  );
  const megabyte = Buffer.alloc(1024 * 1024, "x");
  const long = [Buffer.from("a\n"), ...Array<Buffer>(17).fill(megabyte), Buffer.from("\nb\n"), megabyte];
  const [first, tooLong, next, rest, ...more] = read(new RequestLines(), long);
  assert.ok(tooLong instanceof ExecutorError && tooLong.code === "REQUEST_TOO_LONG");
  assert.deepEqual([String(first), String(next), rest?.toString().length, more], ["a", "b", 1024 * 1024, []]);
});

test("pieces of a long line are said to be, and the last of them is none", () => {
  const split = (...chunks: string[]): Line[] => {
    const splitter = new LineSplitter();
    return [...chunks.flatMap((chunk) => splitter.add(Buffer.from(chunk))), ...splitter.end()];
  };
  const long = "x".repeat(1024 * 1024);
  const line = (text: string, isPartial = false): Line => ({ text, isPartial });
  assert.deepEqual(split(long, "\n", "next"), [line(long, true), line(""), line("next")]);
  assert.deepEqual(split(long, "y\n"), [line(long, true), line("y")]);
  assert.deepEqual(split(long), [line(long, true), line("")]);
  assert.deepEqual(split("a\n\nb"), [line("a"), line(""), line("b")]);
  assert.deepEqual(split(""), []);
});
