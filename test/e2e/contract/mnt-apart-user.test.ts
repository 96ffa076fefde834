import { testContract } from "../../support/test-contract.ts";

testContract("only mnt apart, a user who is not root", { namespaces: "mnt", uid: 1000 }, ["root"]);
