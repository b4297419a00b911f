"""Conformance checks for your own plug-ins: run them in your tests, or from the command line."""
