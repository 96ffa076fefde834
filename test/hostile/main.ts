/**
 * Runs one case and says how it went by its exit status: 0 withstood, 3 a violation, 1 the case itself went wrong. For a
 * mutant, whose build is in another directory.
 *
 * Usage: main.ts CASE
 */
import { Violation } from "./case.ts";
import { CASES } from "./cases.ts";

const found = CASES.find(({ name }) => name === process.argv[2]);
if (!found)
  throw new Error(`there is no case ${process.argv[2]}; there are ${CASES.map(({ name }) => name).join(", ")}`);
try {
  await found.run();
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(error instanceof Violation ? 3 : 1);
}
