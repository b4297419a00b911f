"""A configuration carried out: prepare, run, degrade, audit, time."""
