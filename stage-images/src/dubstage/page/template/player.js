/* The player stays in sight while the page is scrolled, once it was used. */
function dockPlayer(place, dock, close) {
  let inSight = true;
  let used = false;
  const update = () => {
    const docked = used && !inSight;
    if (docked === dock.classList.contains("docked")) return;
    place.style.minHeight = docked ? `${place.offsetHeight}px` : "";
    dock.classList.toggle("docked", docked);
  };
  const use = (value) => () => { used = value; update(); };
  new IntersectionObserver(([entry]) => { inSight = entry.isIntersecting; update(); }).observe(place);
  close.addEventListener("click", use(false));
  return use(true);
}

/* The player: the dub and the original, of which one is seen and heard.

   Most browsers cannot switch between the audio tracks of a file. The original is therefore the
   source itself, in an element of its own that takes over at the same time. Where the source cannot
   be played, a browser that can switch tracks uses the second track of the dubbed video. */
function createPlayer(root, data, { onTime, onUse, onMessage }) {
  const elements = { dub: null, original: null };
  let active = "dub";
  let wanted = 0;
  let judge = () => {};

  const file = (path) => path.split("/").pop();

  /* Put an element for the file at `path` into the page. The file is looked for at its place on the
     data volume, and next to the page, where `dub get` stores it. */
  function place(name, kind, path, onFail) {
    const media = document.createElement(kind);
    const places = [path, file(path)];
    media.controls = true;
    media.preload = "metadata";
    media.playsInline = true;
    media.hidden = name !== active;
    media.setAttribute("aria-label", name === "dub" ? "Dub" : "Original");
    for (const event of ["timeupdate", "seeked", "play", "pause"]) {
      media.addEventListener(event, () => { if (media === elements[active]) onTime(media.currentTime, !media.paused); });
    }
    media.addEventListener("play", onUse);
    media.addEventListener("loadedmetadata", () => {
      if (name === active && wanted) media.currentTime = wanted;
      judge();
    }, { once: true });
    const next = () => {
      if (places.length) media.src = places.shift();
      else onFail();
    };
    media.addEventListener("error", next);
    if (elements[name]) elements[name].replaceWith(media);
    else root.append(media);
    elements[name] = media;
    next();
  }

  const tracks = () => elements.dub.audioTracks;
  const canSwitchTracks = () => Boolean(tracks() && data.originalTrack !== null && tracks().length > data.originalTrack);

  const named = (path) => decodeURIComponent(file(path));

  function loadDub() {
    const audio = () => place("dub", "audio", data.audio, () => {
      onMessage(`${named(data.audio)} cannot be played. Store it next to this page.`);
    });
    if (!data.video) audio();
    else place("dub", "video", data.video, () => {
      onMessage(`This browser cannot play ${named(data.video)}, or it is not next to this page. You hear ${named(data.audio)}.`);
      audio();
    });
  }

  function loadOriginal(onMissing) {
    place("original", data.video ? "video" : "audio", data.source, () => {
      elements.original.remove();
      elements.original = null;
      // The number of tracks is known once the dub is there.
      judge = () => { if (elements.dub.readyState > 0 && !canSwitchTracks()) onMissing(); };
      judge();
    });
  }

  function useTrack(original) {
    const list = tracks();
    for (let n = 0; n < list.length; n += 1) list[n].enabled = n === (original ? data.originalTrack : 0);
  }

  /* Wait until `media` is at its new position, for a second and a half at most. */
  function settled(media) {
    return new Promise((resolve) => {
      media.addEventListener("seeked", resolve, { once: true });
      setTimeout(resolve, 1500);
    });
  }

  async function listenTo(name) {
    if (!elements.original) {
      useTrack(name === "original");
      return;
    }
    if (name === active) return;
    const from = elements[active];
    const to = elements[name];
    to.volume = from.volume;
    to.muted = from.muted;
    to.playbackRate = from.playbackRate;
    const plays = !from.paused;
    const there = settled(to);
    to.currentTime = from.currentTime;
    await there;
    from.pause();
    active = name;
    if (plays) to.currentTime = from.currentTime;
    from.hidden = true;
    to.hidden = false;
    if (plays) await to.play().catch(() => {});
  }

  function seek(seconds) {
    onUse();
    wanted = seconds;
    const media = elements[active];
    if (media.readyState > 0) media.currentTime = seconds;
  }

  return {
    load(onMissing) { loadDub(); loadOriginal(onMissing); },
    listenTo,
    seek,
    time: () => elements[active].currentTime,
  };
}
