"""The page of one labeller: who may ask, and a real browser that labels by keyboard alone."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from robotvision.data import ImageSequence, open_sequence
from robotvision.labelling import LabelOptions, LabelSession
from robotvision.labelling.serve import MAX_BODY, LabelServer
from tests.fixtures.browser import wait_for
from tests.fixtures.patience import PATIENCE_S

Tour = Callable[..., Path]
HALL = {"do": "rooms", "spans": [[0, 2, "Hall"]]}
RUN = "from robotvision.cli import main; main()"


@pytest.fixture
def server(tour: Tour, tmp_path: Path) -> Iterator[LabelServer]:
    sequence = open_sequence(tour(tmp_path / "tour"))
    options = LabelOptions(is_blank=True, feature="crfh")
    with LabelSession(sequence, options) as session, LabelServer(session) as made:
        yield made


def ask(
    server: LabelServer,
    path: str,
    body: Any = None,
    token: str | None = None,
    method: str | None = None,
    **headers: str,
) -> tuple[int, bytes]:
    """Return status and body of a request; one with a body is a POST of JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    sent = {"Content-Type": "application/json"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    method = method or ("GET" if body is None else "POST")
    place = f"/{server.token if token is None else token}/{path}"
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, place, raw, sent)
    response = connection.getresponse()
    return response.status, response.read()


def test_an_edit_is_kept_and_answered(server: LabelServer) -> None:
    status, body = ask(server, "edit", HALL)
    view = json.loads(body)
    assert status == 200
    assert view["labels"] == ["Hall"]
    assert view["given"][:3] == [0, 0, -1]
    assert '"Hall"' in server.session.sidecar.path.read_text().splitlines()[-1]
    assert json.loads(ask(server, "labels")[1]) == view
    status, body = ask(server, "save", {})
    assert (status, "2 of 18 frames" in json.loads(body)["message"]) == (200, True)


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        ({"path": "labels", "token": "guess"}, 403),
        ({"path": "", "token": ""}, 403),
        ({"path": "labels", "Host": "evil.example"}, 403),
        ({"path": "edit", "body": HALL, "Origin": "http://evil.example"}, 403),
        ({"path": "edit", "body": HALL, "Origin": "null"}, 403),
        ({"path": "edit", "body": HALL, "Content_Type": "text/plain"}, 415),
        ({"path": "edit", "body": HALL, "method": "PUT"}, 405),
        ({"path": "edit", "body": b"{", "Content_Length": str(MAX_BODY + 1)}, 413),
        ({"path": "edit", "body": b"{", "Content_Length": "many"}, 413),
        ({"path": "edit", "body": {"do": "dance"}}, 409),
        ({"path": "edit", "body": {"do": "undo"}}, 409),
        ({"path": "edit", "body": {"do": "rooms", "spans": [[0, 99, "Hall"]]}}, 409),
        ({"path": "nothing", "body": {}}, 404),
        ({"path": "../labels.jsonl"}, 404),
        ({"path": "picture/99/160"}, 404),
        ({"path": "picture/0/161"}, 404),
    ],
)
def test_who_is_refused(server: LabelServer, request_of: dict[str, Any], status: int) -> None:
    """Other hosts, other pages, guessed tokens, other content, nonsense: nothing is changed."""
    assert ask(server, **request_of)[0] == status
    assert server.session.state.n_labelled == 0
    assert server.session.version == 0


def test_the_page_shows_a_hostile_name_as_text(server: LabelServer) -> None:
    name = "</script><script>window.broken = 1</script>"
    assert ask(server, "edit", {"do": "room", "name": name})[0] == 200
    status, page = ask(server, "")
    assert status == 200
    assert name.encode() not in page
    assert ask(server, "picture/0/160")[1].startswith(b"\xff\xd8")


@contextmanager
def opened(
    browser: Any, sequence: ImageSequence, options: LabelOptions
) -> Iterator[tuple[LabelSession, LabelServer]]:
    """A session's page in a browser, which leaves it before its server goes."""
    with LabelSession(sequence, options) as session, LabelServer(session) as served:
        browser.get_log("browser")
        browser.get(served.address)
        wait_for(browser, "document.documentElement.dataset.ready")
        try:
            yield session, served
        finally:
            browser.get("about:blank")


def test_the_page_knows_every_room_that_is_proposed(
    chrome: Any, tour: Tour, tmp_path: Path
) -> None:
    """A room that was named before its answer came, or in another window; one that is undone."""
    sequence = open_sequence(tour(tmp_path / "tour", has_truth=False))
    with opened(chrome, sequence, LabelOptions(feature="crfh")) as (session, served):
        session.learn()
        wait_for(chrome, "document.documentElement.dataset.learnt")
        ask(served, "edit", HALL)
        chrome.execute_script("learn()")
        wait_for(chrome, "work.version === 1 && document.documentElement.dataset.learnt === '1'")
        assert chrome.execute_script("return [data.labels, work.proposed[17]]") == [["Hall"], 0]
        chrome.execute_script("edit({ do: 'undo' })")
        wait_for(chrome, "work.version === 2 && document.documentElement.dataset.learnt === '2'")
        assert chrome.execute_script("return [data.labels, work.proposed[17]]") == [[], -1]
        assert chrome.get_log("browser") == []


def test_keys_pressed_before_an_answer_change_what_the_keys_before_left(
    chrome: Any, tour: Tour, tmp_path: Path
) -> None:
    """A segment's beginning and an object toggled twice are as they were; saved is not edited."""
    sequence = open_sequence(tour(tmp_path / "tour", has_truth=False))
    options = LabelOptions(rooms=("Hall",), objects=("Lamp",), feature="crfh")
    with opened(chrome, sequence, options) as (session, _):
        chrome.execute_script(
            """
            setCursor(3);
            toggleCut(); toggleObject("Lamp");
            toggleCut(); toggleObject("Lamp");
            save(); giveRoom("Hall");"""
        )
        chrome.execute_async_script("work.queue.then(arguments[0])")
        assert (session.version, session.state.cuts) == (5, set())
        assert not any(session.state.objects)
        assert chrome.execute_script("return [work.isSaved, data.given[3]]") == [False, 0]


def test_what_is_accepted_leaves_the_rooms_given_before(
    chrome: Any, tour: Tour, tmp_path: Path
) -> None:
    """Keys pressed before an answer: a room, then what is proposed for its frame or for all."""
    sequence = open_sequence(tour(tmp_path / "tour", has_truth=False))
    options = LabelOptions(rooms=("Hall", "Office"), feature="crfh")
    with opened(chrome, sequence, options) as (session, served):
        session.learn()
        ask(served, "edit", HALL)
        chrome.execute_script("learn()")
        wait_for(chrome, "work.version === 1 && document.documentElement.dataset.learnt === '1'")
        wait_for(chrome, "stretchAt(17) !== null && stretchAt(17)[2] === 'Hall'")
        chrome.execute_script("setCursor(17); giveRoom('Office'); accept(); acceptAll();")
        chrome.execute_async_script("work.queue.then(arguments[0])")
        assert session.state.rooms[17] == "Office"
        assert None not in session.state.rooms


def test_an_answer_that_is_cut_off_does_not_end_the_queue(
    chrome: Any, tour: Tour, tmp_path: Path
) -> None:
    """The page says so, and the next edit is sent."""
    sequence = open_sequence(tour(tmp_path / "tour", has_truth=False))
    with opened(chrome, sequence, LabelOptions(rooms=("Hall",), feature="crfh")) as (session, _):
        said = chrome.execute_async_script(
            """
            const [done] = arguments, real = window.fetch;
            window.fetch = async () => new Response('{"labels": [');
            setCursor(3);
            giveRoom("Hall");
            work.queue.catch(() => {}).then(() => {
              const said = $("message").textContent;
              window.fetch = real;
              giveRoom("Hall");
              work.queue.then(() => done(said), () => done("the queue has ended"));
            });"""
        )
        assert said.startswith("The server does not answer.")
        assert session.state.rooms[3] == "Hall"


def test_labels_of_another_window_overwrite_no_newer_edit(
    chrome: Any, tour: Tour, tmp_path: Path
) -> None:
    """However late they come, the page never goes back to labels of before its own edit."""
    sequence = open_sequence(tour(tmp_path / "tour", has_truth=False))
    with opened(chrome, sequence, LabelOptions(feature="crfh")) as (session, served):
        session.learn()
        wait_for(chrome, "document.documentElement.dataset.learnt")
        ask(served, "edit", HALL)
        chrome.execute_script(
            """
            const real = fetch, versions = (window.versions = []);
            let version = work.version;
            Object.defineProperty(work, "version", {
                get: () => version,
                set: (v) => { versions.push(v); version = v; },
            });
            window.fetch = async (path, options) => {
                const response = await real(path, options);
                if (path === "labels") {
                    giveRoom("Kitchen");
                    await new Promise((done) => setTimeout(done, 500));
                }
                return response;
            };
            learn();"""
        )
        wait_for(chrome, "document.documentElement.dataset.learnt === '2'")
        assert chrome.execute_script("return versions") == [1, 2]
        assert session.state.room_names == ["Hall", "Kitchen"]


class Labelling:
    """``robotvision label`` as a user starts it, and a browser on its page."""

    def __init__(self, browser: Any, path: Path) -> None:
        self.browser, self.path = browser, path
        self.process: subprocess.Popen[str]
        self.start()

    def start(self) -> None:
        words = ["label", str(self.path), "--feature", "crfh"]
        self.process = subprocess.Popen(
            [sys.executable, "-uc", RUN, *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/\S+/", self.process.stdout.readline())
        assert found is not None
        self.browser.get(found[0])
        self.wait("document.documentElement.dataset.learnt")

    def wait(self, script: str) -> None:
        wait_for(self.browser, script)

    def value(self, script: str) -> Any:
        return self.browser.execute_script(f"return {script}")

    def press(self, *keys: str) -> None:
        """Press keys, and wait until the page has what they changed."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.browser, duration=0).send_keys(*keys).perform()
        self.browser.execute_async_script("work.queue.then(arguments[0])")

    def press_shifted(self, key: str, times: int) -> None:
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        chain = ActionChains(self.browser, duration=0).key_down(Keys.SHIFT)
        chain.send_keys(key * times).key_up(Keys.SHIFT).perform()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_a_sequence_is_labelled_by_keyboard_alone(chrome: Any, tour: Tour, tmp_path: Path) -> None:
    """The server is killed in the middle; the truth saved in the end is what the keys said."""
    from selenium.webdriver.common.keys import Keys

    path = tour(tmp_path / "tour", has_truth=False)
    chrome.get_log("browser")
    page = Labelling(chrome, path)
    try:
        page.press_shifted(Keys.ARROW_RIGHT, 5)
        page.press("r", "Kitchen", Keys.ENTER)
        page.press(*[Keys.ARROW_RIGHT], "r", "Office", Keys.ENTER)
        page.press(Keys.ARROW_RIGHT, "1", "z")  # a mistake, taken back
        page.press("O", "Lamp", Keys.ENTER)
        assert chrome.get_log("browser") == []
        page.kill()
        page.press("2")
        page.wait("$('message').textContent.includes('does not answer')")
        page.start()
        chrome.get_log("browser")  # of the server that is gone
        assert page.value("$('n-labelled').textContent") == "7"
        page.press(*[Keys.ARROW_RIGHT] * 6)
        page.press_shifted(Keys.ARROW_RIGHT, 5)
        page.press("2", *[Keys.ARROW_RIGHT], "c", "r", "Hall", Keys.ENTER, "o", "1")
        page.wait("work.next != null && work.next !== 12")
        page.press("n")
        assert page.value("state.cursor") in range(13, 18)
        page.wait("$('accept-all').disabled === false")
        page.press("A")
        page.wait("$('n-labelled').textContent === '18'")
        page.press("s")
        page.wait("$('message').textContent.includes('18 of 18 frames')")
        assert chrome.get_log("browser") == []
    finally:
        page.kill()
    sequence = open_sequence(path)
    rooms = [sequence.room(k) for k in range(18)]
    assert rooms[:13] == ["Kitchen"] * 6 + ["Office"] * 6 + ["Hall"]
    assert sequence.truth is not None
    assert [k for k in range(18) if "Lamp" in sequence.truth[k].objects] == [7, 12]
    assert list(sequence.segments()) == [(0, 12), (12, 18)]


def test_two_servers_of_one_sequence(server: LabelServer) -> None:
    """The second one says so in one line and ends."""
    words = ["label", str(server.session.sequence.root)]
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(r"\S+labels.jsonl: is being labelled by another process; .*\n", done.stderr)
    assert time.monotonic() - started < PATIENCE_S
    assert urlsplit(server.address).hostname == "127.0.0.1"
