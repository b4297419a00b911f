"""A trained pipeline in the harness's own process: no transfer, no isolation."""

from __future__ import annotations

from contextlib import AbstractContextManager

from robotvision.errors import RobotVisionError, SystemFault
from robotvision.plugins.failure import failure, raised_in
from robotvision.plugins.identity import files_read
from robotvision.plugins.provenance import is_own
from robotvision.plugins.threads import hold, one_thread
from robotvision.recogniser.pipeline import Pipeline
from robotvision.records import Frame
from robotvision.systems.base import Reply, Session, System, View


class InProcess(System):
    """A `Pipeline` as a system.

    Parameters
    ----------
    pipeline : Pipeline
        Trained.
    name : str
        What reports call it.
    """

    isolation = "none: the pipeline runs in the harness's own process"

    def __init__(self, pipeline: Pipeline, name: str = "pipeline") -> None:
        self.pipeline = pipeline
        self.name = name
        self.has_memory = pipeline.has_memory
        self.channels = pipeline.channels
        self._held: AbstractContextManager[None] | None = None

    def start(self, session: Session) -> None:
        """Hold linear algebra to one thread until `close`: answers do not depend on more.

        Files that extractors read are brought here first, where they are published ones.
        """
        super().start(session)
        for slot in self.pipeline.slots:
            files_read(slot.extractor)
        if self._held is None:
            self._held = one_thread()
            self._held.__enter__()

    def close(self) -> None:
        """Let go of the threads."""
        held, self._held = self._held, None
        if held is not None:
            held.__exit__(None, None, None)
        super().close()

    def reset(self, view: View) -> None:
        """Begin a sequence. Raises SystemFault."""
        if self._held is not None:
            hold()
        try:
            self.pipeline.reset(view)
        except RobotVisionError as e:
            raise SystemFault(str(e)) from e

    def answer(self, frame: Frame) -> Reply:
        """Answer one frame. Raises SystemFault for whatever the pipeline raises."""
        try:
            return self.pipeline.answer(frame)
        except RobotVisionError as e:
            raise SystemFault(f"{type(e).__name__}: {e}") from e
        except Exception as e:  # a plug-in's own fault is a FAILED frame with its message
            raise SystemFault(self._told(e)) from e

    def _told(self, error: Exception) -> str:
        """Return what a plug-in raised, with its file and line where it is one of the user's."""
        for part in self.pipeline.parts():
            if is_own(type(part).__module__) and raised_in(part, error):
                return str(failure(part, "", error))
        return f"{type(error).__name__}: {error}"
