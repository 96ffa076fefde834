import { testReferencePod } from "../pod/reference-tests.ts";

testReferencePod(1000);
