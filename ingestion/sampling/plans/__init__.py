"""What a spec comes to before anything is drawn: conditions, partitions, calls, tokens and cost."""
