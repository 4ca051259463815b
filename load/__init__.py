"""Pushing the marts out: what is to be sent, to whom, at what pace, and the memory of what was sent."""
