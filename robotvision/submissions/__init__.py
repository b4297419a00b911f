"""What is handed in: run files, truth files, the checker, packs, scores and ranks of files."""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "check_run_file": "robotvision.submissions.checker",
    "folder_files": "robotvision.submissions.pack",
    "pack_program": "robotvision.submissions.pack",
    "pack_files": "robotvision.submissions.pack",
    "read_pack": "robotvision.submissions.pack",
    "read_run_file": "robotvision.submissions.runfile",
    "read_truth": "robotvision.submissions.truthfile",
    "score_files": "robotvision.submissions.batch",
    "score_folder": "robotvision.submissions.batch",
    "write_run_file": "robotvision.submissions.runfile",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
