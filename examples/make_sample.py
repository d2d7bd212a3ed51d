#!/usr/bin/env python3
"""Create the sample clip: half a minute of real speech over music, with a video stream.

    python3 examples/make_sample.py PATH [--variant VARIANT]

The speech is the five LibriVox sentences (public domain) of Debian's package
`pocketsphinx-testdata`. Music and video are synthesized. Requires ffmpeg.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox")
PAUSE_SECONDS = 1.0
"""Silence before each sentence, and after the last."""
CHORD_HERTZ = (110.0, 138.59, 164.81, 220.0)
"""A major."""
MUSIC_LEVEL = 0.02
"""Amplitude of each note. The music is about 20 dB below the speech."""
TRUNCATED_SHARE = 0.6
SURROUND = "pan=5.1|FL=FL|FR=FR|FC=0.5*FL+0.5*FR|LFE=0*FL|BL=0.3*FL|BR=0.3*FR"
CONVERTED: dict[str, tuple[str, ...]] = {
    "audio-only": ("-vn", "-c", "copy"),
    "surround": ("-c:v", "copy", "-af", SURROUND, "-c:a", "aac"),
    "telephone": ("-c:v", "copy", "-ar", "8000", "-ac", "1", "-c:a", "aac"),
    "moment": ("-t", "0.2", "-c:v", "libx264", "-c:a", "aac"),
}
"""Variants that ffmpeg creates from the whole clip, with these arguments."""
PHONE = ("-vf", "select='not(mod(n,3))+lt(t,5)'", "-vsync", "vfr", "-c:v", "libx264")
"""A lower frame rate after five seconds. Rotation, a second audio track and subtitles follow."""
VARIANTS = (
    *("whole", "text-file", "empty", "cut-off-index-first", "cut-off-index-last", "no-audio"),
    *("music-only", "phone", *CONVERTED),
)


def main() -> int:
    """Write one file; return 0, or 1 after an error message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path, help="the file to write")
    parser.add_argument("--variant", choices=VARIANTS, default="whole", help="a variant for tests")
    arguments = parser.parse_args()
    sentences = sorted(SPEECH.glob("*.wav"))
    if not sentences:
        print(f"no speech in {SPEECH}: apt-get install pocketsphinx-testdata", file=sys.stderr)
        return 1
    arguments.path.parent.mkdir(parents=True, exist_ok=True)
    make(arguments.variant, sentences, arguments.path)
    return 0


def make(variant: str, sentences: list[Path], target: Path) -> None:
    """Write one variant to `target`."""
    if variant == "text-file":
        target.write_text("This is not a video.\n" * 200)
    elif variant == "empty":
        target.write_bytes(b"")
    elif variant.startswith("cut-off"):
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "whole.mp4"
            encode(sentences, whole, index_first=variant.endswith("first"))
            content = whole.read_bytes()
        target.write_bytes(content[: int(len(content) * TRUNCATED_SHARE)])
    elif variant in CONVERTED:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "whole.mp4"
            encode(sentences, whole)
            convert([whole], target, *CONVERTED[variant])
    elif variant == "phone":
        with tempfile.TemporaryDirectory() as folder:
            phone_video(sentences, Path(folder), target)
    else:
        encode(sentences, target, audio=variant != "no-audio", speech=variant != "music-only")


def phone_video(sentences: list[Path], folder: Path, target: Path) -> None:
    """Write a rotated video with a variable frame rate, two audio tracks and subtitles."""
    whole, slower, tracks = (folder / f"{name}.mp4" for name in ("whole", "slower", "tracks"))
    text = folder / "text.srt"
    text.write_text("1\n00:00:01,000 --> 00:00:03,000\nSubtitles of its own\n")
    encode(sentences, whole)
    convert([whole], slower, *PHONE, "-c:a", "copy")
    maps = ("-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "1:s", "-c", "copy")
    tags = ("-metadata:s:a:1", "language=deu", "-metadata:s:s:0", "language=fra")
    convert([slower, text], tracks, *maps, "-c:s", "mov_text", *tags)
    convert([tracks], target, "-map", "0", "-c", "copy", "-metadata:s:v:0", "rotate=90")


def convert(sources: list[Path], target: Path, *arguments: str) -> None:
    """Convert `sources` to an mp4 with these arguments of ffmpeg."""
    inputs = [word for source in sources for word in ("-i", str(source))]
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, *arguments, "-f", "mp4", str(target)],
        check=True,
    )


def encode(
    sentences: list[Path],
    target: Path,
    *,
    audio: bool = True,
    speech: bool = True,
    index_first: bool = True,
) -> None:
    """Write the clip as H.264 and AAC in mp4."""
    duration = sum(map(seconds, sentences)) + PAUSE_SECONDS * (len(sentences) + 1)
    inputs: list[str] = []
    for sentence in sentences:
        inputs += ["-i", str(sentence)]
    graph = [f"testsrc2=size=640x360:rate=25:duration={duration:.3f}[video]"]
    arguments = ["-map", "[video]"]
    if audio:
        graph += audio_graph(len(sentences), duration, 1.0 if speech else 0.0)
        arguments += ["-map", "[audio]", "-c:a", "aac", "-b:a", "160k"]
        arguments += ["-metadata:s:a:0", "language=eng"]
    arguments += ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    arguments += ["-movflags", "+faststart"] if index_first else []
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, "-filter_complex", ";".join(graph),
         *arguments, "-f", "mp4", str(target)],
        check=True,
    )  # fmt: skip


def audio_graph(count: int, duration: float, level: float) -> list[str]:
    """Return the filter graph of `count` sentences at `level` over music: 48 kHz stereo."""
    pause = round(PAUSE_SECONDS * 1000)
    graph = [
        f"[{n}:a]aresample=48000,adelay={pause}:all=1,aformat=channel_layouts=mono[s{n}]"
        for n in range(count)
    ]
    graph.append("".join(f"[s{n}]" for n in range(count)) + f"concat=n={count}:v=0:a=1[speech]")
    left, right = (
        "+".join(
            f"{MUSIC_LEVEL}*sin(2*PI*{hertz * detune:.2f}*t)*(0.6+0.4*sin(2*PI*{0.11 * n:.2f}*t))"
            for n, hertz in enumerate(CHORD_HERTZ, start=1)
        )
        for detune in (1.0, 1.004)
    )
    graph.append(f"aevalsrc='{left}|{right}':s=48000:d={duration:.3f}[music]")
    graph.append(f"[speech]volume={level},apad,aformat=channel_layouts=stereo[voice]")
    graph.append("[music][voice]amix=inputs=2:duration=first:normalize=0[audio]")
    return graph


def seconds(sentence: Path) -> float:
    """Return the duration of an audio file."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0",
         str(sentence)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
