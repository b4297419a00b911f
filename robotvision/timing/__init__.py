"""Latency that can be quoted: quantiles with their validity, the environment they hold for."""
