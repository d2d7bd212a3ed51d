/* Pointer, wheel and keys on the timeline: a click seeks, a drag moves the view. */
function controlTimeline(root, tracks, view, timeline) {
  let drag = null;

  const trackOf = (event) => tracks.find((track) => track.canvas === event.target);
  const length = () => view.to - view.from;

  function timeAt(track, clientX) {
    const box = track.canvas.getBoundingClientRect();
    const share = Math.min(Math.max((clientX - box.left) / box.width, 0), 1);
    return track.whole ? share * timeline.duration : view.from + share * length();
  }

  root.addEventListener("pointerdown", (event) => {
    const track = trackOf(event);
    if (!track || event.button !== 0) return;
    drag = { track, x: event.clientX, from: view.from, moved: false };
    root.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const distance = event.clientX - drag.x;
    drag.moved = drag.moved || Math.abs(distance) > 5;
    if (!drag.moved) return;
    const width = drag.track.canvas.clientWidth;
    if (drag.track.whole) timeline.show(timeAt(drag.track, event.clientX) - length() / 2, length());
    else timeline.show(drag.from - (distance / width) * length(), length());
  });
  root.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) {
      const time = timeAt(drag.track, event.clientX);
      if (drag.track.whole && length() < timeline.duration) timeline.show(time - length() / 2, length());
      timeline.onSeek(time);
    }
    drag = null;
  });
  root.addEventListener("pointercancel", () => { drag = null; });
  root.addEventListener("wheel", (event) => {
    const track = trackOf(event);
    if (!track) return;
    if (event.ctrlKey) {
      event.preventDefault();
      timeline.zoom(Math.exp(event.deltaY / 200), timeAt(track, event.clientX));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      timeline.show(view.from + (event.deltaX / track.canvas.clientWidth) * length(), length());
    }
  }, { passive: false });

  root.setAttribute("role", "slider");
  root.setAttribute("aria-label", "Position in the dub, in seconds");
  root.setAttribute("aria-valuemin", "0");
  root.setAttribute("aria-valuemax", Math.round(timeline.duration));
  root.setAttribute("aria-valuenow", "0");
  root.tabIndex = 0;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -30, PageUp: 30 };
  root.addEventListener("keydown", (event) => {
    const target = event.key === "Home" ? 0 : event.key === "End" ? timeline.duration
      : event.key in steps ? timeline.position() + steps[event.key] : null;
    if (target === null) return;
    event.preventDefault();
    timeline.onSeek(target);
  });
}
