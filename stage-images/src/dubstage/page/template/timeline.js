"use strict";

/* The timeline: all tracks share one view, a stretch of the dub in seconds. */
function createTimeline(root, data, onSeek) {
  const duration = Math.max(data.duration, 0.1);
  const shortest = Math.min(10, duration);
  const view = { from: 0, to: duration };
  const tracks = [];
  const look = { colors: {}, view, position: 0, heard: "dub" };
  const drawings = trackDrawings(data, duration, look);

  function add(label, height, draw, kind) {
    const row = document.createElement("div");
    row.className = "track " + (kind || "");
    const name = row.appendChild(document.createElement("span"));
    name.textContent = label;
    name.title = label;
    const canvas = row.appendChild(document.createElement("canvas"));
    canvas.style.height = height + "px";
    root.append(row);
    tracks.push({ canvas, height, draw, whole: kind === "overview" });
    return canvas;
  }

  /* The area of a track: its context, its size, and the place of a time in it. */
  function surface(track) {
    const { canvas, height } = track;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const [from, to] = track.whole ? [0, duration] : [view.from, view.to];
    const x = (seconds) => ((seconds - from) / (to - from)) * width;
    return { context, width, height, from, to, x };
  }

  function readColors() {
    const style = getComputedStyle(document.documentElement);
    const names = ["paper", "ink", "muted", "line", "soft", "grey", "accent", "accent-soft", "warn", "amber", "sans"];
    look.colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
    drawings.forget();
  }

  function draw() {
    for (const track of tracks) track.draw(surface(track));
    placeNeedle();
  }

  const needle = document.createElement("div");
  needle.className = "needle";

  function placeNeedle() {
    const canvas = tracks[1].canvas;
    const share = (look.position - view.from) / (view.to - view.from);
    needle.hidden = share < 0 || share > 1;
    needle.style.transform = `translateX(${canvas.offsetLeft + share * canvas.clientWidth}px)`;
    needle.style.top = canvas.offsetTop + "px";
  }

  function show(from, length) {
    const shown = Math.min(Math.max(length, shortest), duration);
    view.from = Math.min(Math.max(from, 0), duration - shown);
    view.to = view.from + shown;
    draw();
  }

  function zoom(factor, around = look.position) {
    const length = Math.min(Math.max((view.to - view.from) * factor, shortest), duration);
    const inside = around >= view.from && around <= view.to ? around : (view.from + view.to) / 2;
    const share = (inside - view.from) / (view.to - view.from);
    show(inside - share * length, length);
  }

  function move(seconds, follow) {
    look.position = Math.min(Math.max(seconds, 0), duration);
    root.setAttribute("aria-valuenow", Math.round(look.position));
    root.setAttribute("aria-valuetext", clock(look.position));
    const length = view.to - view.from;
    if (follow && (look.position < view.from || look.position > view.to)) show(look.position - 0.1 * length, length);
    else {
      placeNeedle();
      tracks[0].draw(surface(tracks[0]));
    }
  }

  add("", 40, drawings.overview, "overview");
  add("", 18, drawings.ruler, "group");
  data.speakers.forEach((name, number) => add(name, 24, drawings.lane(number)));
  add("Original", 36, drawings.wave("original", "grey"), "group");
  add("Dub", 36, drawings.wave("dub", "accent"));
  add("Voice", 28, drawings.wave("voice", "accent"));
  add("Background", 28, drawings.wave("background", "grey"));
  add("Spectrum", 56, drawings.spectrogram, "group");
  add("Loudness", 96, drawings.loudness, "group");
  root.append(needle);
  controlTimeline(root, tracks, view, { duration, show, zoom, move, onSeek, position: () => look.position });
  const redraw = () => { readColors(); draw(); };
  redraw();
  new ResizeObserver(draw).observe(root);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      document.documentElement.classList.toggle("print", printing);
      redraw();
    });
  }
  return { move, zoom, all: () => show(0, duration), listenTo: (name) => { look.heard = name; draw(); } };
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const pad = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return whole < 3600 ? `${minutes}:${pad(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}`;
}
