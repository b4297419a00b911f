"""Frames as a camera delivers them: clocks, policies, the player, virtual time."""

from robotvision.scoring.policy import POLICIES, Policy

__all__ = ["POLICIES", "Policy"]
