"""A recorded run: its log, counted again, rescored, traced."""
