import { testContract } from "../../support/test-contract.ts";

testContract("all namespaces apart, a user who is not root", { uid: 1000 }, ["root"]);
