import { testContract } from "../../support/test-contract.ts";

testContract("a user namespace", { userNamespace: true }, []);
