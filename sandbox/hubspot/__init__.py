"""A stand-in of HubSpot: the part of its API that a migration uses, with its rules, limits and failures."""
