"""Observers that keep runs in the stores of experiment trackers."""
