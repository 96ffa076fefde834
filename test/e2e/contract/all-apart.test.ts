import { testContract } from "../../support/test-contract.ts";

testContract("all namespaces apart", {}, ["bash", "zsh"], { checksMasks: true });
