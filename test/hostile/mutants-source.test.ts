import { MUTANTS } from "./mutants.ts";
import { isNative, testMutants } from "./test-mutants.ts";

testMutants(MUTANTS.filter((mutant) => !isNative(mutant)));
