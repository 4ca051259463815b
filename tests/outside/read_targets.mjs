// Reads contacts and companies with the vendors' own clients: node read_targets.mjs HUBSPOT INTERCOM NAME,NAME,…
import { createRequire } from "node:module";

const require = createRequire(process.env.OUTSIDE_MODULES + "/");
const { Client } = require("@hubspot/api-client");
const { IntercomClient } = require("intercom-client");
const [hubspotUrl, intercomUrl, names] = process.argv.slice(2);

const hubspot = new Client({ accessToken: "sandbox-hubspot-token", basePath: hubspotUrl });
const properties = names.split(",");
const contacts = await hubspot.crm.contacts.getAll(100, undefined, properties);
const companies = await hubspot.crm.companies.getAll(100, undefined, ["name", "domain", "salesforce_id"]);
const links = {};
for (const contact of contacts) {
  const page = await hubspot.crm.associations.v4.basicApi.getPage("contacts", contact.id, "companies");
  links[contact.id] = page.results.map((each) => String(each.toObjectId));
}

const intercom = new IntercomClient({ token: "sandbox-intercom-token", environment: intercomUrl, version: "2.14" });
const people = [];
for await (const contact of await intercom.contacts.list({ per_page: 50 })) {
  const attached = await intercom.contacts.listAttachedCompanies({ contact_id: contact.id });
  // The published description calls the list `companies`, and so does the client; its own examples say `data`.
  const firms = attached.data.length ? attached.data : (attached.response.data ?? []);
  people.push({
    external_id: contact.external_id,
    email: contact.email,
    name: contact.name,
    companies: firms.map((company) => company.company_id),
  });
}

process.stdout.write(
  JSON.stringify({
    contacts: contacts.map((each) => ({ id: each.id, properties: each.properties })),
    companies: companies.map((each) => ({ id: each.id, properties: each.properties })),
    links,
    people,
  }),
);
