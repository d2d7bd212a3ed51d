"""A dub from the real mux stage, and a browser that opens its page from the disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import soundfile
from made_media import (
    RATE,
    DubbedSegment,
    ffmpeg,
    make_video,
    run_dub,
    source_path,
    vocals_and_background,
)
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from dubstage.workspace.layout import Artifact

ROOT = Path(__file__).parents[2]
AXE = ROOT / "build/axe/package/axe.min.js"
SCREENSHOTS = ROOT / "build/report"
SECONDS = 20.0
NASTY = '</script><img src=x onerror="document.title=1"> \u2028 <b>bold</b>'
SEGMENTS = [
    DubbedSegment(1.0, 3.0, 2.0),
    DubbedSegment(3.5, 5.5, 3.6, speaker="SPEAKER_01"),
    DubbedSegment(6.0, 7.0, 5.0, translation=NASTY),
    DubbedSegment(8.0, 11.0, 2.9, speaker="SPEAKER_01"),
    DubbedSegment(10.5, 13.0, 2.6),
    DubbedSegment(14.0, 16.0, 0.0),
    DubbedSegment(16.5, 18.5, 2.5, level=0.1),
]
TRACKS = "--enable-blink-features=AudioVideoTracks"
"""Chromium's option with which it can switch audio tracks, as Safari does."""


@pytest.fixture(scope="session")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data volume with a dub of :data:`SEGMENTS`."""
    folder = tmp_path_factory.mktemp("volume")
    vocals, background = vocals_and_background(SEGMENTS, SECONDS)
    soundfile.write(folder / "audio.wav", vocals + background, RATE)
    video = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    make_video(source_path(folder), seconds=SECONDS, audio=folder / "audio.wav", video=video)
    run_dub(folder, SEGMENTS, SECONDS)
    return folder


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data volume with the dub of a source without a video stream."""
    folder = tmp_path_factory.mktemp("spoken")
    vocals, background = vocals_and_background(SEGMENTS, SECONDS)
    source_path(folder).parent.mkdir(parents=True)
    soundfile.write(folder / "audio.wav", vocals + background, RATE)
    ffmpeg("-i", folder / "audio.wav", "-c:a", "aac", source_path(folder))
    run_dub(folder, SEGMENTS, SECONDS)
    return folder


@pytest.fixture
def moved(volume: Path, tmp_path: Path) -> Path:
    """The page and the dub without the source."""
    shutil.copytree(volume / "outputs", tmp_path / "outputs")
    return tmp_path


def page_in(volume: Path) -> Path:
    return volume / "outputs/clip" / Path(Artifact.REPORT_PAGE.value).name


@dataclass
class Opened:
    """A page in the browser, and what it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def time(self) -> float:
        """Seconds at which the element is that is seen."""
        found: float = self.page.evaluate(f"{SEEN}.currentTime")
        return found

    def wait(self, condition: str) -> None:
        """Wait for an expression. Not by `wait_for_function`, which the page's policy refuses."""
        deadline = time.monotonic() + 10
        while not self.page.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < deadline, (condition, self.complaints)
            self.page.wait_for_timeout(20)


SEEN = "document.querySelector('#media > :not([hidden])')"


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def chromium(playwright: Playwright, *options: str) -> Browser:
    path = shutil.which("chromium")
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *options]
    return playwright.chromium.launch(executable_path=path, args=arguments)


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as started:
        yield started


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens the page of a data volume, and waits until its media are there."""
    contexts = []

    def opened(
        volume: Path, width: int = 1440, scheme: str = "light", using: Browser = browser
    ) -> Opened:
        context = using.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
        )
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("console", lambda message: found.complaints.append(message.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.goto(page_in(volume).as_uri())
        found.wait(f"{SEEN} && {SEEN}.readyState > 0")
        return found

    yield opened
    for context in contexts:
        context.close()
