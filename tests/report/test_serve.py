"""The page that follows a run: who may ask, what a late or a slow follower gets, a real browser."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import pickle
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from robotvision.cli.run import command
from robotvision.config.checks import load_config
from robotvision.errors import RobotVisionError
from robotvision.experiment.run import RunOptions
from robotvision.experiment.run import run as run_experiment
from robotvision.records import Answer, FrameRecord, Outcome, ScoredAnswer, TimedAnswer, Truth
from robotvision.report.feed import Feed
from robotvision.report.html.live import live_page
from robotvision.report.serve import MAX_FOLLOWERS, Server
from robotvision.report.serve_process import ServerProcess
from robotvision.report.watch import RunWatch
from robotvision.scoring.tally import Tally
from robotvision.tasks.model import Task
from tests.fixtures.browser import wait_for
from tests.fixtures.patience import PATIENCE_S

Config = Callable[..., Path]
HOSTILE = "<script>window.broken = 1</script>"
RUN = "from robotvision.cli import main; main()"


@pytest.fixture
def followed(config: Config, tmp_path: Path) -> Feed:
    """Return the feed of a whole run."""
    folder = tmp_path / "run"
    folder.mkdir()
    feed = Feed(folder)
    run_experiment(load_config(config()), folder, observer=feed)
    return feed


@pytest.fixture
def server(followed: Feed) -> Iterator[Server]:
    with Server(followed) as made:
        yield made


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """Return status and body of a request made word for word."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    with contextlib.closing(link):
        link.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            link.putheader(name, value)
        link.endheaders()
        answer = link.getresponse()
        return answer.status, answer.read()


def told(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream."""
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    return [(name, json.loads(body)) for name, body in found]


def test_a_run_that_was_gone_on_with_is_followed_from_its_first_frame(
    config: Config, tmp_path: Path
) -> None:
    """Frames that the log has are shown first: the page, its counter and its totals are whole."""
    setup, folder = load_config(config()), tmp_path / "run"
    folder.mkdir()
    whole = run_experiment(setup, folder)
    log = folder / "run.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[: 2 + 7]))
    feed = Feed(folder)
    run_experiment(setup, folder, observer=feed, options=RunOptions(resume=True))
    state = feed.state()
    assert [r[0] for r in state["rows"]] == list(range(18))
    assert state["status"]["points"] == whole.tallies["test"].points
    assert feed.place(7) is not None
    assert feed.place(0) is not None
    assert feed.place(18) is None


def test_several_test_sets_follow_one_another(config: Config, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    feed = Feed(folder)
    path = config(test="{easy: [test], hard: [test, train]}", task="sets.yaml")
    (path.parent / "sets.yaml").write_text(
        "id: s\nrooms: [Kitchen, Office, Hall]\ntest_sets: [{name: easy}, {name: hard}]\n"
    )
    run = run_experiment(load_config(path), folder, observer=feed)
    state = feed.state()
    assert [r[0] for r in state["rows"]] == list(range(54))
    assert state["status"]["points"] == sum(t.points for t in run.tallies.values())
    assert [s.name for s in state["sequences"]] == ["test", "test", "train"]
    page = live_page(state)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert data["sequence"] == [0] * 18 + [1] * 18 + [2] * 18
    assert len(set(data["visit"])) == 9


def test_a_stay_that_goes_on_ends_at_the_newest_frame(followed: Feed) -> None:
    """Frames to come are of no visit, not of the last: its row names none that was not there."""
    state = followed.state()
    state["rows"] = state["rows"][:7]
    page = live_page(state)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert data["visit"][7:] == [-1] * 11
    assert min(data["visit"][:7]) == 0


def test_what_a_copy_gets_agrees_with_itself(config: Config, tmp_path: Path) -> None:
    """Totals are those of the frames sent, also when nothing more comes, since the system hangs."""
    counted = []

    class Look(Feed):
        def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
            super().frame(record, scored, tally)
            change = self.change(self.generation, 0)
            counted.append((len(change.rows), sum(change.status["counts"].values())))
            assert change.status["points"] == pytest.approx(sum(row[5] for row in change.rows))

    folder = tmp_path / "run"
    folder.mkdir()
    run_experiment(load_config(config()), folder, observer=Look(folder))
    assert counted == [(k, k) for k in range(1, 19)]


def test_a_copy_that_takes_changes_is_the_feed(config: Config, tmp_path: Path) -> None:
    """Whenever changes are taken, however many frames and sequences lie between."""

    class Copied(Feed):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            self.copies = [(every, Feed(folder)) for every in (1, 5, 10**6)]

        def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
            super().frame(record, scored, tally)
            for every, copy in self.copies:
                if len(self.rows) % every == 0:
                    bring(copy, self)

    def bring(copy: Feed, feed: Feed) -> None:
        change = feed.change(copy.generation if copy.rows else -1, len(copy.rows))
        copy.take(pickle.loads(pickle.dumps(change)))
        assert copy.state() == feed.state()
        assert copy.place(len(feed.rows) - 1) == feed.place(len(feed.rows) - 1)

    folder = tmp_path / "run"
    folder.mkdir()
    feed = Copied(folder)
    run_experiment(load_config(config(test="[test, train]")), folder, observer=feed)
    feed.over("done", is_failed=False)
    for _, copy in feed.copies:
        bring(copy, feed)
        assert [copy.place(k) for k in range(36)] == [feed.place(k) for k in range(36)]


@pytest.mark.parametrize("signal_number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_server_that_does_nothing_holds_no_run_up(tmp_path: Path, signal_number: int) -> None:
    """A pipe of 64 kB is full after a thousand rows: what is more waits, not the run."""
    feed, tally = Feed(tmp_path), Tally(Task(id="t", rooms=("Kitchen", "Hall")))
    (tmp_path / "run.jsonl").write_text('{"type":"run","schema":1}\n')
    with ServerProcess(feed) as server:
        assert server._process is not None
        os.kill(server._process.pid, signal_number)
        feed.sequence("walk", 3000)
        took = []
        for k in range(3000):
            feed.frame(*frame(k, tally), tally)
            began = time.thread_time()
            server.send()
            took.append(time.thread_time() - began)
        assert len(feed.rows) == 3000
        os.kill(server._process.pid, signal.SIGKILL)
    assert max(took) < 0.1


def test_followers_of_a_run_that_is_killed_are_told(config: Config, tmp_path: Path) -> None:
    """And its server goes as well."""
    run = start(config(replay="{clock: wall, policy: streaming, rate_hz: 2}"), tmp_path / "run")
    port = int(address(run).rstrip("/").rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as link:
        link.sendall(f"GET /events?from=0.0 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        link.recv(100)
        run.kill()
        run.communicate()
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except ConnectionRefusedError:
                break
            time.sleep(0.1)
        assert time.monotonic() < until


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil:80"])
def test_a_request_by_another_name_is_refused(server: Server, host: str) -> None:
    """A site that points its own name at this machine (DNS rebinding) gets nothing."""
    status, body = ask(server, "/", Host=host)
    assert (status, body) == (403, b"this page is served to 127.0.0.1 alone\n")
    assert ask(server, "/", Host=f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_nothing_but_get_is_answered(server: Server, method: str) -> None:
    assert ask(server, "/", method)[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/../run.jsonl",
        "/%2e%2e/run.jsonl",
        "/run.jsonl",
        "/picture/0/..%2f..%2frun.jsonl",
        "/picture/0/../../run.jsonl",
        "//etc/passwd",
        "/report.html",
        "/picture/99/rgb",
        "/picture/0/points",
        "/picture/-1/rgb",
    ],
)
def test_no_path_leads_to_a_file(server: Server, path: str) -> None:
    """Neither the run folder nor a frame that was not replayed, nor a report before the end."""
    assert ask(server, path)[0] == 404


def test_it_listens_on_this_machine_alone(server: Server) -> None:
    assert server._socket.getsockname()[0] == "127.0.0.1"


def test_pictures_of_replayed_frames_are_jpegs(server: Server) -> None:
    import cv2
    import numpy as np

    for channel in ("rgb", "depth"):
        status, body = ask(server, f"/picture/3/{channel}")
        assert status == 200
        image = cv2.imdecode(np.frombuffer(body, np.uint8), 1)
        assert image.shape == (48, 64, 3)


def test_whoever_comes_late_gets_the_past_and_the_end(server: Server, followed: Feed) -> None:
    page = ask(server, "/")[1].decode()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    rows = followed.state()["rows"]
    assert data["runs"][0]["outcome"] == [r[1] for r in rows]
    assert len(rows) == 18
    followed.over("over", has_report=False)
    start = f"{followed.generation}.5"
    found = told(ask(server, f"/events?from={start}")[1].decode())
    assert [name for name, _ in found] == ["news", "end"]
    assert [r[0] for r in found[0][1]["rows"]] == list(range(5, 18))
    status = found[0][1]["status"]
    assert status["counts"]["correct"] + status["counts"]["wrong"] <= 18
    assert sum(status["counts"].values()) == 18
    assert status["points"] == pytest.approx(sum(r[5] for r in rows))


def test_a_page_of_before_is_told_to_load_anew(server: Server) -> None:
    for start in ("0.0", "rubbish", ""):
        assert told(ask(server, f"/events?from={start}")[1].decode()) == [("again", {})]


def frame(k: int, tally: Tally, fault: str = "") -> tuple[FrameRecord, ScoredAnswer]:
    timed = TimedAnswer(k, Answer("Kitchen", 0.9), k, k, k + 1, {}, fault or None)
    truth = Truth("Kitchen")
    outcome = Outcome.FAILED if fault else None
    return FrameRecord.of(k, 0, timed, truth), tally.add(truth, timed, outcome)


def test_a_follower_that_stalls_holds_nobody_up(tmp_path: Path) -> None:
    """20 MB that nobody reads: the run goes on at full speed and the follower is dropped."""
    (tmp_path / "run.jsonl").write_text('{"type":"run","schema":1}\n')
    feed, tally = Feed(tmp_path), Tally(Task(id="t", rooms=("Kitchen", "Hall")))
    feed.sequence("walk", 20_000)
    feed.frame(*frame(0, tally), tally)
    with Server(feed, stalled_s=0.5) as server, socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", server.port))
        stalled.sendall(
            f"GET /events?from={feed.generation}.0 HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\n\r\n".encode()
        )
        began = time.monotonic()
        while not server.followers:
            assert time.monotonic() - began < PATIENCE_S
            time.sleep(0.01)
        longest = 0.0
        for k in range(1, 20_000):
            given = frame(k, tally, "x" * 1000)
            before = time.perf_counter()
            feed.frame(*given, tally)
            longest = max(longest, time.perf_counter() - before)
        assert len(feed.rows) == 20_000
        assert longest < 1.0
        while server.followers:
            assert time.monotonic() - began < PATIENCE_S
            time.sleep(0.05)


def test_there_may_not_be_any_number_of_followers(server: Server, followed: Feed) -> None:
    links = []
    for _ in range(MAX_FOLLOWERS):
        links.append(socket.create_connection(("127.0.0.1", server.port)))
        links[-1].sendall(
            f"GET /events?from={followed.generation}.0 HTTP/1.1\r\nHost: "
            f"127.0.0.1:{server.port}\r\n\r\n".encode()
        )
        links[-1].recv(100)
    assert ask(server, f"/events?from={followed.generation}.0")[0] == 503
    followed.over("over")
    server.flush()
    assert server.followers == 0
    for link in links:
        link.close()


def follow(server: Server, start: str) -> socket.socket:
    """Return the open stream of a follower."""
    link = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    link.sendall(
        f"GET /events?from={start} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    )
    return link


def received(link: socket.socket) -> str:
    """Return a stream to its end."""
    with link:
        return b"".join(iter(lambda: link.recv(65536), b"")).decode()


def test_events_end_when_the_server_closes(followed: Feed) -> None:
    with Server(followed) as server:
        link = follow(server, f"{followed.generation}.17")
        while not server.followers:
            time.sleep(0.01)
        time.sleep(0.5)
    assert [name for name, _ in told(received(link))] == ["news"]


def test_fifty_follow_a_run_on_two_threads(tmp_path: Path) -> None:
    """Every one of them gets every frame, once and in order, and the end."""
    (tmp_path / "run.jsonl").write_text('{"type":"run","schema":1}\n')
    feed, tally = Feed(tmp_path), Tally(Task(id="t", rooms=("Kitchen", "Hall")))
    feed.sequence("walk", 300)
    feed.frame(*frame(0, tally), tally)
    n_before = threading.active_count()
    with Server(feed) as server:
        links = [follow(server, f"{feed.generation}.0") for _ in range(50)]
        while server.followers < 50:
            time.sleep(0.01)
        assert ask(server, "/")[0] == 200
        for k in range(1, 300):
            feed.frame(*frame(k, tally), tally)
            time.sleep(0.002)
        assert threading.active_count() - n_before <= 2
        feed.over("over")
        for link in links:
            events = told(received(link))
            rows = [row[0] for name, body in events if name == "news" for row in body["rows"]]
            assert rows == list(range(300))
            assert events[-1][0] == "end"


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"rubbish\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET http://[ HTTP/1.1\r\nHost: HERE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: HERE\r\nHost: HERE\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\n\r\n", b"403"),
    ],
)
def test_what_is_no_request_is_refused(
    server: Server, request_text: bytes, status: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as link:
        link.sendall(request_text.replace(b"HERE", f"127.0.0.1:{server.port}".encode()))
        assert link.recv(65536).split(b" ")[1] == status
    assert ask(server, "/")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_said(server: Server, followed: Feed) -> None:
    with pytest.raises(RobotVisionError, match="cannot listen there"):
        Server(followed, server.port)


def test_faults_and_a_page_do_not_go_together(config: Config) -> None:
    path = str(config())
    done = CliRunner().invoke(command, ["--serve", path, "--faults", path])
    assert done.exit_code == 2
    assert "--serve follows one run" in done.output


def start(path: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "run", "--serve", str(path), "--out", str(out), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def address(run: subprocess.Popen[str]) -> str:
    assert run.stderr is not None
    return re.search(r"http://127\.0\.0\.1:\d+/", run.stderr.readline())[0]  # type: ignore[index]


def errors_of(chrome: Any) -> list[Any]:
    """Return what the console says, but that the server is gone: it ends with the run."""
    over = ("favicon", "ERR_CONNECTION")
    return [e for e in chrome.get_log("browser") if not any(o in e["message"] for o in over)]


WAITING = """from pathlib import Path
import time
from robotvision.features.base import Extractor
import numpy as np

class Waiting(Extractor):
    \"\"\"The mean colour. From frame 20 on it waits until a file is there.\"\"\"
    channels = ("rgb",)
    dim = 3

    def __init__(self, file):
        self.file = file

    def extract(self, frame):
        until = time.monotonic() + 300
        while frame.index >= 20 and not Path(self.file).exists() and time.monotonic() < until:
            time.sleep(0.01)
        return frame["rgb"].mean(axis=(0, 1)).astype(np.float32)
"""
DONE = "Number((document.getElementById('done') || {}).textContent || 0)"
ENDED = "!document.getElementById('ended').hidden && document.getElementById('ended').textContent"


def test_the_page_follows_a_real_run_to_its_end(
    chrome: Any,
    config: Config,
    tour: Callable[..., Path],
    data_root: Path,
    tmp_path: Path,
    requests: Callable[[Any], list[str]],
) -> None:
    """In a browser: the counter rises, points and images come, the end is told, all local."""
    tour(data_root / "long", n_each=20, seed=3)
    (data_root / "waiting.py").write_text(WAITING, encoding="utf-8")
    feature = f"[{{name: waiting.Waiting, file: {tmp_path / 'go'}}}]"
    path = config(test="[long]", features=feature, replay="{clock: wall, policy: queue}")
    chrome.get_log("browser")
    requests(chrome)
    run = start(path, tmp_path / "run", "--json")
    home = address(run)
    try:
        chrome.get(home)
        assert 10 < wait_for(chrome, f"{DONE} > 10 && {DONE}") <= 20
        source = wait_for(chrome, "document.querySelector('#picture img:not([hidden])')?.src")
        assert source.startswith(f"{home}picture/")
        width = "document.querySelector('#picture img:not([hidden])')?.naturalWidth"
        assert wait_for(chrome, width) == 64
        rows = wait_for(chrome, "document.querySelectorAll('#posterior tr').length")
        assert rows in (1, 3)  # one where the machine was so busy that an answer was held over
        assert run.poll() is None
        (tmp_path / "go").touch()
        words = wait_for(chrome, ENDED)
    finally:
        (tmp_path / "go").touch()
        output, errors = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, errors  # by itself: nobody sits at a terminal
    assert "Ctrl-C" not in errors
    assert "The run has ended." in words
    assert str(tmp_path / "run") in words
    assert chrome.execute_script(f"return {DONE}") == 60
    report = json.loads(output)
    shown = chrome.execute_script("return document.getElementById('points').textContent")
    assert float(shown.replace("−", "-")) == report["points"]
    assert errors_of(chrome) == []
    asked = requests(chrome)
    assert len(asked) > 3
    assert all(u.startswith(home) for u in asked)


def test_a_script_in_a_label_stays_text(
    chrome: Any, config: Config, data_root: Path, tmp_path: Path
) -> None:
    for name in ("train", "test"):
        truth = data_root / name / "truth.csv"
        truth.write_text(truth.read_text().replace("Kitchen", HOSTILE))
    path = config(replay="{clock: wall}")
    chrome.get_log("browser")
    run = start(path, tmp_path / "run")
    try:
        chrome.get(address(run))
        wait_for(chrome, ENDED)
    finally:
        run.communicate(timeout=PATIENCE_S)
    assert chrome.execute_script("return window.broken === undefined")
    text = chrome.execute_script("return document.body.textContent")
    assert HOSTILE in text
    assert errors_of(chrome) == []


def test_on_a_terminal_it_serves_the_report_until_ctrl_c(config: Config, tmp_path: Path) -> None:
    path, out = config(), tmp_path / "run"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(
            sys.executable,
            [sys.executable, "-c", RUN, "run", str(path), "--serve", "--live", "--out", str(out)],
        )
    text = ""
    until = time.monotonic() + PATIENCE_S
    while "Ctrl-C to stop serving" not in text and time.monotonic() < until:
        text += os.read(terminal, 65536).decode(errors="replace")
    found = re.search(r"http://127\.0\.0\.1:(\d+)/report\.html", text)
    assert found is not None, text
    link = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=PATIENCE_S)
    with contextlib.closing(link):
        link.request("GET", "/report.html")
        assert link.getresponse().read() == (out / "report.html").read_bytes()
    os.kill(pid, signal.SIGINT)
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_run_that_fails_says_so_to_its_followers(config: Config, tmp_path: Path) -> None:
    watch = RunWatch(Console(file=io.StringIO()), tmp_path, load_config(config()), port=0)
    with pytest.raises(RobotVisionError), watch:
        raise RobotVisionError("the camera fell off")
    assert watch.feed.end == {
        "text": "The run did not come to its end: the camera fell off",
        "failed": True,
        "report": False,
    }
