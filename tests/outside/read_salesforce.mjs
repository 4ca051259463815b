// Reads the rows of a query with jsforce, page by page: node read_salesforce.mjs URL TOKEN SOQL
import { createRequire } from "node:module";

const require = createRequire(process.env.OUTSIDE_MODULES + "/");
const { Connection } = require("jsforce");
const [instanceUrl, accessToken, soql] = process.argv.slice(2);

const org = new Connection({ instanceUrl, accessToken, version: "62.0" });
const found = await org.query(soql, { autoFetch: true, maxFetch: 1_000_000, scanAll: true });
process.stdout.write(JSON.stringify({ records: found.records, totalSize: found.totalSize }));
