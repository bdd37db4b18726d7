"""Drawing what a plan still misses: one run of a spec, its pace, its budget and its progress."""
