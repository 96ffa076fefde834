import { testContract } from "../../support/test-contract.ts";

testContract("only mnt apart, as in a Pod", { namespaces: "mnt" }, ["root"], { checksMasks: true });
