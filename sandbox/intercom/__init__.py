"""A stand-in of Intercom's REST API, version 2.14, for one workspace whose state is a SQLite file.

It follows Intercom's published OpenAPI description. Where that is silent it follows what users of the API report:
409 on a contact that exists, `GET /companies?company_id=` giving the company itself, one scroll for a workspace.

Where no source says how Intercom behaves, it takes the stricter way, so that what works here works there:
- an address held by a user without `external_id` conflicts with a new user who has one;
- an archived contact is not found until it is unarchived;
- text in a custom attribute is cut off after 255 characters, and a value outside the options is refused.

Not there: segments, articles, events, calls, webhooks, messages sent by admins, tags on tickets and conversations.
"""
