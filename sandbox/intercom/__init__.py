"""A stand-in of Intercom's REST API, version 2.14, for one workspace whose state is a SQLite file."""
