"""The page of the report in a browser: it works without a network, and for everybody."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import AXE, NASTY, SCREENSHOTS, SECONDS, SEEN, SEGMENTS, TRACKS, Open, chromium
from playwright.sync_api import Playwright

ORIGINAL = 'input[value="original"]'


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_page_fits_its_window_and_complains_about_nothing(
    open_page: Open, volume: Path, width: int, scheme: str
) -> None:
    """Screenshots are stored for people to look at."""
    opened = open_page(volume, width, scheme)
    page = opened.page
    page.locator("tbody button").nth(2).click()
    opened.wait(f"!{SEEN}.seeking")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.complaints == []
    assert {url.split(":")[0] for url in opened.requests} == {"file"}
    assert page.title() == "clip – dub report"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.evaluate("scrollTo(0, 0)")
    opened.wait("!document.querySelector('.docked')")
    page.screenshot(path=SCREENSHOTS / f"{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_page_is_accessible(open_page: Open, volume: Path, width: int, scheme: str) -> None:
    """axe-core finds nothing that is serious or critical."""
    opened = open_page(volume, width, scheme)
    # Through the debugging protocol: the page itself admits no other script.
    opened.page.evaluate(AXE.read_text())
    result = opened.page.evaluate("axe.run()")
    assert len(result["passes"]) > 20
    grave = [
        (found["id"], found["nodes"][0]["html"][:100])
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
    ]
    assert grave == []


def test_page_sends_nothing(open_page: Open, volume: Path) -> None:
    opened = open_page(volume)
    attempt = """new Promise((resolve) => {
      const report = (event) => resolve(event.effectiveDirective);
      document.addEventListener("securitypolicyviolation", report);
      fetch("http://127.0.0.1:9/").catch(() => {});
    })"""
    assert opened.page.evaluate(attempt) == "connect-src"


@pytest.mark.parametrize("number", range(len(SEGMENTS)))
def test_click_on_a_segment_seeks(open_page: Open, volume: Path, number: int) -> None:
    opened = open_page(volume)
    opened.page.locator("tbody button").nth(number).click()
    opened.wait(f"!{SEEN}.seeking")
    assert opened.time() == pytest.approx(SEGMENTS[number].start, abs=0.1)
    assert opened.page.locator("tr.current").count() == 1
    assert opened.page.locator("tr.current").get_attribute("id") == f"s{number + 1}"
    assert opened.page.text_content("#said-dub") == SEGMENTS[number].translation


def test_text_of_people_is_no_markup(open_page: Open, volume: Path) -> None:
    opened = open_page(volume)
    shown = opened.page.locator('td[lang="es"]').nth(2)
    assert shown.evaluate("(cell) => cell.textContent") == NASTY
    assert opened.page.locator("img, b:has-text('bold')").count() == 0


def test_timeline_seeks_zooms_and_has_keys(open_page: Open, volume: Path) -> None:
    opened = open_page(volume)
    page = opened.page
    lane = page.locator("#timeline canvas").nth(4)
    box = lane.bounding_box()
    assert box is not None
    lane.click(position={"x": box["width"] / 2, "y": 5})
    opened.wait(f"!{SEEN}.seeking")
    assert opened.time() == pytest.approx(SECONDS / 2, abs=0.1)
    page.keyboard.press("Tab")
    page.locator("#timeline").focus()
    page.keyboard.press("ArrowRight")
    opened.wait(f"!{SEEN}.seeking")
    assert opened.time() == pytest.approx(SECONDS / 2 + 1, abs=0.1)
    assert page.locator("#timeline").get_attribute("aria-valuetext") == "0:11"
    page.click("#zoom-in")
    lane.click(position={"x": 1, "y": 5})
    opened.wait(f"!{SEEN}.seeking")
    assert 2 < opened.time() < 9, "half of it is shown, around the position"
    page.click("#zoom-all")
    lane.click(position={"x": 1, "y": 5})
    opened.wait(f"!{SEEN}.seeking")
    assert opened.time() < 0.2


def test_curves_are_drawn(open_page: Open, volume: Path) -> None:
    """Each track has pixels, and the voice none before the first segment."""
    opened = open_page(volume)
    count = """(canvas) => {
      const context = canvas.getContext("2d");
      const filled = (width) => context.getImageData(0, 0, width, canvas.height).data
        .filter((value, n) => n % 4 === 3 && value > 0).length;
      return [filled(canvas.width / 40), filled(canvas.width)];
    }"""
    tracks = opened.page.locator("#timeline canvas")
    found = [tracks.nth(number).evaluate(count) for number in range(tracks.count())]
    assert len(found) == 2 + 2 + 6
    assert all(everything > 100 for _, everything in found)
    original, dub, voice = found[4], found[5], found[6]
    assert original[1] > voice[1]
    assert dub[1] > voice[1]
    assert voice[0] / voice[1] < 0.02


def test_switch_to_the_original_goes_on_at_the_same_time(open_page: Open, volume: Path) -> None:
    opened = open_page(volume)
    page = opened.page
    page.locator("tbody button").nth(1).click()
    opened.wait(f"!{SEEN}.seeking")
    page.evaluate(f"{SEEN}.play()")
    opened.wait(f"{SEEN}.currentTime > 4")
    page.check(ORIGINAL, force=True)
    opened.wait(f"{SEEN}.getAttribute('aria-label') === 'Original' && !{SEEN}.paused")
    assert 3.9 < opened.time() < 8
    assert page.evaluate("document.querySelector('[aria-label=Dub]').paused")
    page.evaluate(f"{SEEN}.pause()")
    stopped = opened.time()
    page.check('input[value="dub"]', force=True)
    opened.wait(f"{SEEN}.getAttribute('aria-label') === 'Dub' && !{SEEN}.seeking")
    assert opened.time() == pytest.approx(stopped, abs=0.1)
    assert page.evaluate(f"{SEEN}.paused")


def test_without_the_source_the_original_is_switched_off(open_page: Open, moved: Path) -> None:
    opened = open_page(moved)
    opened.wait(f"document.querySelector('{ORIGINAL}').disabled")
    assert "The original cannot be played" in opened.page.inner_text("#hint")
    opened.page.locator("tbody button").nth(1).click()
    opened.wait(f"!{SEEN}.seeking")
    assert opened.time() == pytest.approx(3.5, abs=0.1)


def test_without_the_source_a_capable_browser_switches_tracks(
    open_page: Open, moved: Path, playwright: Playwright
) -> None:
    with chromium(playwright, TRACKS) as browser:
        opened = open_page(moved, using=browser)
        opened.wait("document.querySelectorAll('#media > *').length === 1")
        enabled = f"Array.from({SEEN}.audioTracks, (track) => track.enabled)"
        assert not opened.page.locator(ORIGINAL).is_disabled()
        opened.page.check(ORIGINAL, force=True)
        assert opened.page.evaluate(enabled) == [False, True]
        opened.page.check('input[value="dub"]', force=True)
        assert opened.page.evaluate(enabled) == [True, False]


def test_without_the_video_the_wav_file_plays(open_page: Open, moved: Path) -> None:
    (moved / "outputs/clip/vid/dubbed_video.mp4").unlink()
    opened = open_page(moved)
    opened.wait(f"{SEEN}.tagName === 'AUDIO' && {SEEN}.readyState > 0")
    opened.wait(f"document.querySelector('{ORIGINAL}').disabled")
    hints = opened.page.locator("#hint p").all_inner_texts()
    assert sum("You hear dubbed_audio.wav" in hint for hint in hints) == 1
    assert sum("The original cannot be played" in hint for hint in hints) == 1
    assert opened.complaints == [one for one in opened.complaints if "ERR_FILE_NOT_FOUND" in one]


def test_files_may_be_next_to_the_page(open_page: Open, volume: Path, tmp_path: Path) -> None:
    """As `dub get` stores them, and a source that was put there."""
    folder = tmp_path / "outputs/clip"
    folder.mkdir(parents=True)
    for path in ("outputs/clip/report.html", "outputs/clip/vid/dubbed_video.mp4"):
        shutil.copy(volume / path, folder)
    shutil.copy(volume / "inputs/clip/source.mp4", folder)
    opened = open_page(tmp_path)
    assert opened.page.evaluate(f"{SEEN}.tagName") == "VIDEO"
    opened.page.check(ORIGINAL, force=True)
    opened.wait(f"{SEEN}.getAttribute('aria-label') === 'Original'")
    assert opened.page.text_content("#hint") == ""


def test_dub_without_video_has_an_audio_player(open_page: Open, spoken: Path) -> None:
    opened = open_page(spoken, 768)
    page = opened.page
    assert page.locator("video").count() == 0
    page.locator("tbody button").nth(3).click()
    opened.wait(f"!{SEEN}.seeking")
    page.check(ORIGINAL, force=True)
    opened.wait(f"{SEEN}.getAttribute('aria-label') === 'Original' && !{SEEN}.seeking")
    assert opened.time() == pytest.approx(SEGMENTS[3].start, abs=0.1)
    assert opened.complaints == []
    page.screenshot(path=SCREENSHOTS / "audio.png", full_page=True)


def test_filter_shows_what_needs_attention(open_page: Open, volume: Path) -> None:
    opened = open_page(volume)
    page = opened.page
    report = json.loads((volume / "outputs/clip/report.json").read_text())
    noted = [n for n, one in enumerate(report["segments"]) if {*one["flags"]} - {"fast"}]
    page.check('input[value="attention"]', force=True)
    shown = page.locator("#segments tbody tr:visible")
    numbers = [shown.nth(n).get_attribute("id") for n in range(shown.count())]
    assert {f"s{n + 1}" for n in noted} <= set(numbers)
    assert 0 < len(numbers) < len(SEGMENTS)
    page.click("#next-attention")
    opened.wait(f"!{SEEN}.seeking")
    assert page.locator("tr.current").get_attribute("id") == numbers[0]
    page.check('input[value="all"]', force=True)
    assert shown.count() == len(SEGMENTS)


def test_printed_page_is_light_and_has_the_table(open_page: Open, volume: Path) -> None:
    opened = open_page(volume, scheme="dark")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = "getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()"
    assert opened.page.evaluate(paper) == "#fbfaf8"
    opened.page.emulate_media(media="print")
    assert opened.page.locator("#segments").is_visible()
    assert not opened.page.locator("#media").is_visible()
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.page.evaluate(paper) == "#131312"


@pytest.mark.parametrize("width", [360, 1440])
def test_player_stays_in_sight_once_it_is_used(open_page: Open, volume: Path, width: int) -> None:
    """It does not before, and not after it was closed, and the page does not jump."""
    opened = open_page(volume, width)
    page, dock = opened.page, opened.page.locator("#dock")
    docked = "document.getElementById('dock').classList.contains('docked')"
    bottom = "scrollTo(0, document.body.scrollHeight)"
    page.evaluate(bottom)
    page.wait_for_timeout(200)
    assert not page.evaluate(docked)
    page.locator("tbody button").nth(len(SEGMENTS) - 1).click()
    page.evaluate("scrollTo(0, 0)")
    opened.wait(f"!({docked})")
    height = page.evaluate("document.body.scrollHeight")
    page.evaluate(bottom)
    opened.wait(docked)
    box = dock.bounding_box()
    assert box is not None
    assert 0 < box["x"] < box["x"] + box["width"] < width
    assert page.evaluate("document.body.scrollHeight") == pytest.approx(height, abs=2)
    page.screenshot(path=SCREENSHOTS / f"{width}-docked.png")
    page.check(ORIGINAL, force=True)
    opened.wait(f"{SEEN}.getAttribute('aria-label') === 'Original'")
    page.click("#close")
    assert not page.evaluate(docked)
    page.locator("tbody button").nth(0).click()
    page.evaluate("scrollTo(0, 0)")
    opened.wait(f"!({docked})")
