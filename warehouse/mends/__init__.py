"""What the embedded warehouse needs mended, one module per mend.

A mend is a class that overrides one step of fakesnow's cursor (`upstream.Cursor` names the steps) or a replaced
endpoint of its server; `session.py` puts them together. Each says what upstream lacks and when it can go, and has a
test in tests/warehouse that shows upstream failing without it.
"""
