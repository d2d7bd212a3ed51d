"""One DubJob from `kubectl apply` to a dubbed video, and what follows from it."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from local_view import (
    STAGES,
    VOLUME,
    Cluster,
    Lay,
    Names,
    conditions,
    dubjob_manifest,
    is_finished,
    stage_status,
)

NAME = "e2e-dub"


@pytest.fixture(scope="module")
def dub(cluster: Cluster, sample: Path) -> Any:
    """A finished DubJob; its media and the object go at the end of the module."""
    for part in ("inputs", "interim", "outputs"):
        subprocess.run(["rm", "-rf", str(VOLUME / part / NAME)], check=True)
    cluster.kubectl("delete", "dubjob", NAME, "--ignore-not-found")
    (VOLUME / "inputs" / NAME).mkdir(parents=True)
    (VOLUME / "inputs" / NAME / "source.mp4").write_bytes(sample.read_bytes())
    cluster.apply(dubjob_manifest(NAME))
    yield cluster.finished(NAME)
    cluster.kubectl("delete", "dubjob", NAME, "--ignore-not-found")
    for part in ("inputs", "interim", "outputs"):
        subprocess.run(["rm", "-rf", str(VOLUME / part / NAME)], check=True)


def test_dub_completes(dub: dict[str, Any]) -> None:
    """All six stages succeed and the conditions say so."""
    found = {kind: entry["status"] for kind, entry in conditions(dub).items()}
    assert found["Complete"] == found["Finished"] == "True", dub["status"]
    assert set(found) == {"Complete", "Finished"}
    assert [stage["state"] for stage in dub["status"]["stages"]] == ["Succeeded"] * 6
    assert dub["status"]["progress"] == 100


def test_tree_matches_the_documentation(dub: dict[str, Any]) -> None:
    """Nothing is missing below the job's folders, and nothing is there besides."""
    found = {
        str(path.relative_to(VOLUME))
        for part in ("inputs", "interim", "outputs")
        for path in (VOLUME / part / NAME).rglob("*")
        if path.is_file()
    }
    interim, outputs = f"interim/{NAME}", f"outputs/{NAME}"
    clips = {path for path in found if path.startswith(f"{interim}/text/vid/tts/segment_")}
    kept = {path for path in found if path.startswith(f"{interim}/.dubstage/clips/")}
    assert len(kept) == 2 * len(clips) > 0, "a recording and a note for each clip"
    translations = {x for x in found if x.startswith(f"{interim}/.dubstage/translations/")}
    assert len(translations) == len(clips)
    assert found - clips - kept - translations == {
        f"inputs/{NAME}/source.mp4",
        f"{interim}/text/src/sentence/transcript.json",
        f"{interim}/text/src/words/aligned_segments.json",
        f"{interim}/text/trg/sentence/translated.json",
        f"{interim}/text/vid/speaks/audio.wav",
        f"{interim}/text/vid/speaks/source.json",
        f"{interim}/text/vid/speaks/vocals.wav",
        f"{interim}/text/vid/bgm/background.wav",
        f"{interim}/text/vid/tts/segments.json",
        f"{interim}/.dubstage/owner.json",
        *(f"{interim}/.dubstage/{stage}.json" for stage in STAGES),
        *(f"{outputs}/text/{side}.{kind}" for side in ("src", "trg") for kind in ("srt", "vtt")),
        f"{outputs}/text/src_transcript.json",
        f"{outputs}/text/trg_transcript.json",
        f"{outputs}/vid/dubbed_audio.wav",
        f"{outputs}/vid/dubbed_video.mp4",
        f"{outputs}/report.json",
        f"{outputs}/report.html",
    }


def test_video_stream_is_bit_identical(dub: dict[str, Any], sample: Path) -> None:
    assert _video_digest(_dubbed_video()) == _video_digest(sample)


def test_length_and_audio_tracks(dub: dict[str, Any], sample: Path) -> None:
    """Two 48 kHz stereo tracks, Spanish first, as long as the source within 40 ms."""
    source, dubbed = _probe(sample), _probe(_dubbed_video())
    length = float(dubbed["format"]["duration"])
    assert length == pytest.approx(float(source["format"]["duration"]), abs=0.040)
    tracks = [stream for stream in dubbed["streams"] if stream["codec_type"] == "audio"]
    assert [track["tags"]["language"] for track in tracks] == ["spa", "eng"]
    assert [track["disposition"]["default"] for track in tracks] == [1, 0]
    assert [(track["sample_rate"], track["channels"]) for track in tracks] == [("48000", 2)] * 2


def test_subtitles_are_soft_tracks(dub: dict[str, Any]) -> None:
    """In both languages, the dub's first; neither is shown until it is selected."""
    found = [x for x in _probe(_dubbed_video())["streams"] if x["codec_type"] == "subtitle"]
    assert [track["tags"]["language"] for track in found] == ["spa", "eng"]
    assert [track["disposition"]["default"] for track in found] == [0, 0]


def test_status_has_the_summary(dub: dict[str, Any]) -> None:
    """The report's totals, within the goals."""
    report = json.loads((VOLUME / "outputs" / NAME / "report.json").read_text())
    figures, summary = report["totals"], dub["status"]["summary"]
    assert summary["segments"] == figures["segments"]
    assert summary["loudnessCentiLufs"] == round(figures["dub_lufs"] * 100)
    assert stage_status(dub, "mux")["summary"]["trimmedSegments"] == figures["trimmed"]
    assert figures["dub_lufs"] == pytest.approx(figures["source_lufs"], abs=1.0)
    assert figures["dub_true_peak"] <= -1.0
    assert abs(figures["background_change_db"]) <= 1.0
    assert figures["level_error_max"] <= 3.0
    assert [entry["stage"] for entry in report["stages"]] == list(STAGES)
    assert all(entry["seconds"] > 0 for entry in report["stages"])


def test_status_has_the_outputs(dub: dict[str, Any]) -> None:
    outputs = {entry["name"]: entry for entry in dub["status"]["outputs"]}
    assert set(outputs) == {
        *("video", "audio", "subtitles", "report", "report-page"),
        *("translation", "source-subtitles", "transcript"),
    }
    for entry in outputs.values():
        file = VOLUME / "outputs" / entry["path"]
        assert entry["sizeBytes"] == file.stat().st_size
        assert entry["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_dub_is_intelligible(dub: dict[str, Any]) -> None:
    """Whisper hears Spanish, and mostly the words that were to be said."""
    import jiwer
    from faster_whisper import WhisperModel

    model = WhisperModel(
        str(VOLUME.parent / "models/faster-whisper/base"), device="cpu", compute_type="int8"
    )
    segments, info = model.transcribe(str(VOLUME / "outputs" / NAME / "vid/dubbed_audio.wav"))
    heard = " ".join(segment.text for segment in segments)
    assert info.language == "es", heard
    transcript = json.loads((VOLUME / "outputs" / NAME / "text/trg_transcript.json").read_text())
    said = " ".join(item["translation"] for item in transcript)
    words = jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),  # type: ignore[no-untyped-call]
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
            jiwer.ReduceToListOfListOfWords(),
        ]
    )
    rate = jiwer.wer(said, heard, reference_transform=words, hypothesis_transform=words)
    print(f"word error rate of the dub: {rate:.3f}")
    assert rate <= 0.45, f"said: {said}\nheard: {heard}"


def test_segments_start_with_the_original(dub: dict[str, Any]) -> None:
    """No line later than 20 ms, none faster than 1.5, none into the next."""
    report = json.loads((VOLUME / "outputs" / NAME / "report.json").read_text())
    lines = report["segments"]
    assert lines
    for line in lines:
        assert abs(line["onset_error"] + line["lead"]) <= 0.020, line
        assert line["speed"] <= 1.5, line
    for before, after in itertools.pairwise(lines):
        assert before["dub_end"] <= after["start"], (before, after)


def test_six_jobs_three_with_a_gpu(cluster: Cluster, dub: dict[str, Any]) -> None:
    assert cluster.stages_run(NAME) == list(STAGES)
    with_gpu = [
        job["metadata"]["labels"]["dubjob.dev/stage"]
        for job in cluster.jobs(NAME)
        if "nvidia.com/gpu"
        in job["spec"]["template"]["spec"]["containers"][0]["resources"].get("limits", {})
    ]
    assert sorted(with_gpu) == ["separate", "synthesize", "transcribe"]


def test_stage_sees_no_other_dub(cluster: Cluster, dub: dict[str, Any]) -> None:
    """The pod of a stage with another command, while the volume has the folders of another dub."""
    neighbor = f"{NAME}-neighbor"
    for part in ("interim", "outputs"):
        (VOLUME / part / neighbor).mkdir(exist_ok=True)
    spec = cluster.jobs(NAME)[0]["spec"]["template"]["spec"]
    spec["containers"][0]["command"] = [
        *("find", "/data/interim", "/data/outputs", "-mindepth", "1", "-maxdepth", "1"),
    ]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": neighbor}, "spec": spec}
    try:
        cluster.apply(pod)
        ended = "--for=jsonpath={.status.phase}=Succeeded"
        cluster.kubectl("wait", ended, f"pod/{neighbor}", "--timeout=60s")
        seen = cluster.kubectl("logs", neighbor, "-c", "stage").split()
        assert sorted(seen) == [f"/data/interim/{NAME}", f"/data/outputs/{NAME}"]
    finally:
        cluster.kubectl("delete", "pod", neighbor, "--ignore-not-found")
        for part in ("interim", "outputs"):
            (VOLUME / part / neighbor).rmdir()


def test_kubectl_get_shows_the_state(cluster: Cluster, dub: dict[str, Any]) -> None:
    header, row = cluster.kubectl("get", "dj", NAME).splitlines()
    assert header.split() == [
        *("NAME", "STATE", "STAGE", "PROGRESS", "REMAINING"),
        *("DURATION", "SOURCE", "TARGET", "AGE"),
    ]
    assert {"Completed", "100%", "en", "es"} <= set(row.split())


def test_kubectl_describe_shows_the_events(cluster: Cluster, dub: dict[str, Any]) -> None:
    """Every stage's end is an event, in the order in which it happened."""
    _, _, story = cluster.kubectl("describe", "dj", NAME).partition("Events:")
    places = [story.find(stage) for stage in STAGES]
    assert -1 not in places, story
    assert places == sorted(places), story


def test_kubectl_wait(cluster: Cluster, dub: dict[str, Any]) -> None:
    for kind in ("Complete", "Finished"):
        cluster.kubectl("wait", f"--for=condition={kind}", f"dubjob/{NAME}", "--timeout=5s")


def test_recreated_dubjob_reuses_its_results(cluster: Cluster, dub: dict[str, Any]) -> None:
    """A deleted and re-created DubJob runs ingest alone, and says what was reused."""
    video = _dubbed_video().stat()
    cluster.kubectl("delete", "dubjob", NAME, "--wait=true")
    _until_no_jobs(cluster)
    begun = time.monotonic()
    cluster.apply(dubjob_manifest(NAME))
    again = cluster.finished(NAME, timeout=60)
    assert conditions(again)["Complete"]["status"] == "True", again["status"]
    print(f"re-created: complete after {time.monotonic() - begun:.1f} s")
    assert cluster.stages_run(NAME) == ["ingest"]
    assert all(stage_status(again, stage)["reused"] for stage in STAGES[1:])
    assert _dubbed_video().stat().st_mtime_ns == video.st_mtime_ns


def test_changed_language_runs_only_dependent_stages(cluster: Cluster, dub: dict[str, Any]) -> None:
    before = {job["metadata"]["name"] for job in cluster.jobs(NAME)}
    cluster.kubectl(
        "patch", "dubjob", NAME, "--type=merge", "-p", '{"spec": {"targetLanguage": "ca"}}'
    )
    changed = cluster.until(NAME, is_finished, timeout=180)
    assert conditions(changed)["Complete"]["status"] == "True", changed["status"]
    new = [job for job in cluster.jobs(NAME) if job["metadata"]["name"] not in before]
    stages = [job["metadata"]["labels"]["dubjob.dev/stage"] for job in new]
    assert sorted(stages) == ["mux", "synthesize", "translate"]
    tracks = [
        stream["tags"]["language"]
        for stream in _probe(_dubbed_video())["streams"]
        if stream["codec_type"] == "audio"
    ]
    assert tracks == ["cat", "eng"]


def test_demo_dubs_to_portuguese(
    cluster: Cluster, sample: Path, lay_source: Lay, names: Names
) -> None:
    """With the weights that were downloaded, as `make demo TO=pt` does; apertium has no such
    pair, and ingest says so."""
    name = names("to-pt")
    lay_source(name, sample)
    cluster.apply(dubjob_manifest(name, targetLanguage="pt"))
    done = cluster.finished(name)
    translate = cluster.get("dubprofile", "cpu")["spec"]["stages"]["translate"]
    if translate["engine"] != "bergamot":
        assert "cannot translate" in conditions(done)["Finished"]["message"]
        return
    assert translate["model"] == "en-pt"
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    transcript = json.loads((VOLUME / "outputs" / name / "text/trg_transcript.json").read_text())
    assert not any(segment["untranslated"] for segment in transcript)
    assert {"não", "um"} & set(" ".join(one["translation"] for one in transcript).split())


def _until_no_jobs(cluster: Cluster) -> None:
    deadline = time.monotonic() + 60
    while cluster.jobs(NAME):
        assert time.monotonic() < deadline, "the DubJob's Jobs outlived it"
        time.sleep(0.3)


def _dubbed_video() -> Path:
    return VOLUME / "outputs" / NAME / "vid/dubbed_video.mp4"


def _video_digest(path: Path) -> str:
    """MD5 of the first video stream's packets, as they are in the file."""
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v:0", "-c", "copy", "-f", "md5", "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def _probe(path: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    probe: dict[str, Any] = json.loads(done.stdout)
    return probe
