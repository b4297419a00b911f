"""Replay what a robot's cameras saw, frame by frame, and score where it believed it was."""

__version__ = "0.1.0"
