import { testContract } from "../../support/test-contract.ts";

testContract("a time namespace", { timeNamespace: true }, []);
