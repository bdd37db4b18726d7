"""Inspect logs (`.eval` archives and `.json` files), read without inspect-ai."""
