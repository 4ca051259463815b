"""What the parts cost, beside others who do the same: one JSON line for each measurement, `make bench BENCH=name`."""
