/* The page: player, timeline and table move together. */
(function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const table = find("segments");
  const rows = [...table.tBodies[0].rows];
  const original = document.querySelector('input[name="version"][value="original"]');
  let current = -1;
  let position = 0;
  let frame = 0;

  const timeline = createTimeline(find("timeline"), data, seek);
  const onUse = dockPlayer(find("place"), find("dock"), find("close"));
  const player = createPlayer(find("media"), data, { onTime, onUse, onMessage: say });

  function say(text) {
    find("hint").append(Object.assign(document.createElement("p"), { textContent: text }));
  }

  function onTime(seconds, plays) {
    arrive(seconds, true);
    cancelAnimationFrame(frame);
    if (plays) frame = requestAnimationFrame(() => onTime(player.time(), true));
  }

  /* The segment that is heard at a time: the last that has started, of the dub or the original. */
  function segmentAt(seconds) {
    for (let n = data.segments.length - 1; n >= 0; n -= 1) {
      const [start, end, dubStart, dubEnd] = data.segments[n];
      if (seconds >= Math.min(start, dubStart) - 0.01 && seconds < Math.max(end, dubEnd)) return n;
    }
    return -1;
  }

  function arrive(seconds, follow) {
    position = seconds;
    timeline.move(seconds, follow);
    const found = segmentAt(seconds);
    if (found === current) return;
    if (current >= 0) rows[current].classList.remove("current");
    current = found;
    const cells = found < 0 ? null : rows[found].cells;
    if (cells) rows[found].classList.add("current");
    find("said-original").textContent = cells ? cells[2].textContent : "";
    find("said-dub").textContent = cells ? cells[3].textContent : "";
    const notes = cells ? [...cells[5].children].map((note) => note.textContent) : [];
    find("who").textContent = cells ? [cells[1].textContent, ...notes].join(" · ") : "";
  }

  function seek(seconds) {
    const inside = Math.min(Math.max(seconds, 0), data.duration);
    arrive(inside, true);
    player.seek(inside);
  }

  const starts = data.segments.map(([start, , dubStart]) => Math.min(start, dubStart));
  function jump(direction, matches) {
    const from = direction > 0 ? position + 0.05 : position - 0.5;
    const order = direction > 0 ? starts.keys() : [...starts.keys()].reverse();
    for (const n of order) {
      if (direction * (starts[n] - from) > 0 && matches(data.segments[n])) return seek(starts[n]);
    }
    return undefined;
  }

  find("previous").addEventListener("click", () => jump(-1, () => true));
  find("next").addEventListener("click", () => jump(1, () => true));
  find("next-attention").addEventListener("click", () => jump(1, (segment) => segment[6]));
  find("zoom-in").addEventListener("click", () => timeline.zoom(0.5));
  find("zoom-out").addEventListener("click", () => timeline.zoom(2));
  find("zoom-all").addEventListener("click", () => timeline.all());
  table.tBodies[0].addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row && !String(getSelection())) seek(starts[rows.indexOf(row)]);
  });
  for (const choice of document.querySelectorAll('input[name="filter"]')) {
    choice.addEventListener("change", () => {
      const noted = choice.value === "attention";
      const nothing = noted && !data.segments.some((segment) => segment[6]);
      table.classList.toggle("noted", noted);
      table.hidden = nothing;
      find("none").hidden = !nothing;
    });
  }
  for (const choice of document.querySelectorAll('input[name="version"]')) {
    choice.addEventListener("change", () => {
      timeline.listenTo(choice.value);
      player.listenTo(choice.value);
    });
  }
  find("next-attention").hidden = !data.segments.some((segment) => segment[6]);
  player.load(() => {
    if (original.disabled) return;
    original.disabled = true;
    say("The original cannot be played: the source is not where the dub found it, or this browser does not know its format.");
  });

  const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
  for (const each of document.querySelectorAll("[data-language]")) {
    try { each.textContent = names.of(each.dataset.language); } catch { /* not a tag that the browser knows */ }
  }
})();
