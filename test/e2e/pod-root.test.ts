import { testReferencePod } from "../pod/reference-tests.ts";

testReferencePod(0);
