"""The mapping as the SQL has it: lineage of every property, and the documents written from it."""
