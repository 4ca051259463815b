"""Local stand-ins of the three vendors' APIs and the demo company: for trying the system and for testing it."""
