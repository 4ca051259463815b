"""What the embedded warehouse needs mended, one module per mend. Each says when it can go."""
