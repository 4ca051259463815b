"""The commands, a module for each thing that people want; everything heavy is imported inside them."""
