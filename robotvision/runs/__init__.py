"""What a run leaves behind: the run log, the task's run file, the description card."""
