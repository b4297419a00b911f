"""A configuration: its schema and its checks."""
