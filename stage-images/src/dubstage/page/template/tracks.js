/* What each track shows. `look` has what changes: the colors, the view, the position, and which
   version is heard. A track gets the area to draw on: its context and size, and where a time is. */
function trackDrawings(data, duration, look) {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const peaks = Object.fromEntries(Object.entries(data.peaks).map(([k, v]) => [k, bytes(v)]));
  const spectrogram = Object.fromEntries(
    Object.entries(data.spectrogram).map(([k, v]) => [k, bytes(v)]));
  const loudness = Object.fromEntries(
    Object.entries(data.loudness).map(([k, v]) => [k, bytes(v)]));
  const spectra = {};

  function highestOfEachSecond(values) {
    const seconds = Math.max(Math.ceil(duration), 1);
    const found = new Uint8Array(seconds);
    values.forEach((value, n) => {
      const second = Math.min(Math.floor((n / values.length) * seconds), seconds - 1);
      found[second] = Math.max(found[second], value);
    });
    return found;
  }
  const everySecond = highestOfEachSecond(peaks.dub);

  function drawWave(values, color) {
    return ({ context, width, height, from, to }) => {
      const perSecond = values.length / duration;
      const middle = height / 2;
      context.fillStyle = color();
      const bar = (pixel, value) => {
        const reach = Math.max((value / 255) * middle, 0.5);
        context.fillRect(pixel, middle - reach, 1, 2 * reach);
      };
      for (let pixel = 0; pixel < width; pixel += 1) {
        const first = Math.floor((from + ((to - from) * pixel) / width) * perSecond);
        const last = Math.max(Math.ceil((from + ((to - from) * (pixel + 1)) / width) * perSecond), first + 1);
        let highest = 0, sum = 0;
        for (let n = first; n < last && n < values.length; n += 1) {
          highest = Math.max(highest, values[n]);
          sum += values[n];
        }
        // The peaks, and inside them their mean: an hour would be a solid bar otherwise.
        context.globalAlpha = 0.45;
        bar(pixel, highest);
        context.globalAlpha = 1;
        bar(pixel, sum / (last - first));
      }
    };
  }

  function drawOverview(area) {
    drawWave(peaks.dub, () => look.colors.grey)(area);
    const { context, height, x } = area;
    context.fillStyle = look.colors.warn;
    for (const [start, , , , , , attention] of data.segments) {
      if (attention) context.fillRect(x(start) - 1, height - 5, 2, 5);
    }
    const left = x(look.view.from), right = x(look.view.to);
    context.globalAlpha = 0.16;
    context.fillStyle = look.colors.accent;
    context.fillRect(left, 0, right - left, height);
    context.globalAlpha = 1;
    context.strokeStyle = look.colors.accent;
    context.strokeRect(left + 0.5, 0.5, Math.max(right - left - 1, 1), height - 1);
    context.fillStyle = look.colors.ink;
    context.fillRect(x(look.position) - 0.5, 0, 1.5, height);
  }

  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000];

  function drawRuler({ context, width, from, to, x }) {
    const step = STEPS.find((each) => (each / (to - from)) * width > 72) || 36000;
    context.fillStyle = look.colors.muted;
    context.font = "12px " + look.colors.sans;
    context.textBaseline = "top";
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      context.fillRect(x(time), 0, 1, 4);
      const text = clock(time);
      if (x(time) + context.measureText(text).width + 4 < width) context.fillText(text, x(time) + 4, 2);
    }
  }

  function drawLane(speaker) {
    return ({ context, width, height, from, to, x }) => {
      context.fillStyle = look.colors.soft;
      for (const [start, end] of data.overlaps) {
        if (end < from || start > to) continue;
        context.fillStyle = look.colors["accent-soft"];
        context.fillRect(x(start), 0, Math.max(x(end) - x(start), 1), height);
        context.fillStyle = look.colors.ink;
        context.fillRect(x(start), height - 2, Math.max(x(end) - x(start), 1), 2);
      }
      const fills = [look.colors.accent, look.colors.amber, look.colors.amber, look.colors.warn];
      for (const [start, end, dubStart, dubEnd, own, kind] of data.segments) {
        if (own !== speaker || Math.max(end, dubEnd) < from || Math.min(start, dubStart) > to) continue;
        context.fillStyle = look.colors.grey;
        context.fillRect(x(start), 3, Math.max(x(end) - x(start), 1), 4);
        if (kind === 4) {
          context.strokeStyle = look.colors.muted;
          context.setLineDash([3, 2]);
          context.strokeRect(x(start) + 0.5, 9.5, Math.max(x(end) - x(start) - 1, 1), 10);
          context.setLineDash([]);
        } else {
          context.fillStyle = fills[kind];
          context.fillRect(x(dubStart), 9, Math.max(x(dubEnd) - x(dubStart) - 0.5, 1), 11);
        }
      }
      context.fillStyle = look.colors.line;
      context.fillRect(0, height - 0.5, width, 0.5);
    };
  }

  /* The whole spectrogram as a picture, one pixel a value. */
  function picture(name) {
    const values = spectrogram[name];
    const columns = Math.max(values.length / data.bands, 1);
    const canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = data.bands;
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, data.bands);
    context.fillStyle = look.colors.accent;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    for (let n = 0; n < values.length; n += 1) {
      const column = Math.floor(n / data.bands), band = n % data.bands;
      image.data.set([red, green, blue, values[n]], 4 * ((data.bands - 1 - band) * columns + column));
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  function drawSpectrogram({ context, width, height, from, to }) {
    spectra[look.heard] = spectra[look.heard] || picture(look.heard);
    const image = spectra[look.heard];
    const scale = image.width / duration;
    context.fillStyle = look.colors.soft;
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, from * scale, 0, (to - from) * scale, image.height, 0, 0, width, height);
  }

  function drawLoudness({ context, width, height, from, to, x }) {
    const lowest = -42, y = (level) => (level / lowest) * (height - 2) + 1;
    context.font = "11px " + look.colors.sans;
    context.textBaseline = "middle";
    context.fillStyle = look.colors.line;
    for (const level of [-12, -24, -36]) context.fillRect(0, y(level), width, 1);
    const line = (level, color, dash) => {
      context.strokeStyle = color;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(0, y(level));
      context.lineTo(width, y(level));
      context.stroke();
      context.setLineDash([]);
    };
    const named = (level, color, text, below) => {
      line(level, color, [4, 3]);
      const left = width - context.measureText(text).width - 4, top = y(level) + (below ? 9 : -9);
      context.globalAlpha = 0.85;
      context.fillStyle = look.colors.paper;
      context.fillRect(left - 4, top - 7, width - left + 4, 14);
      context.globalAlpha = 1;
      context.fillStyle = color;
      context.fillText(text, left, top);
    };
    const curve = (values, color, thickness, level) => {
      context.strokeStyle = color;
      context.lineWidth = thickness;
      context.beginPath();
      const each = duration / Math.max(values.length, 1);
      const first = Math.max(Math.floor(from / each) - 1, 0), last = Math.min(Math.ceil(to / each) + 1, values.length);
      const stride = Math.max(Math.floor((last - first) / (2 * width)), 1);
      for (let n = first; n < last; n += stride) {
        context.lineTo(x((n + 0.5) * each), y(Math.max(level(values, n, stride), lowest)));
      }
      context.stroke();
      context.lineWidth = 1;
    };
    const lufs = (values, n) => data.lowestLufs + values[n] / data.stepsPerLu;
    const decibels = (values, n, stride) => {
      let highest = 1;
      for (let k = n; k < n + stride && k < values.length; k += 1) highest = Math.max(highest, values[k]);
      return 40 * Math.log10(highest / 255);
    };
    context.globalAlpha = 0.55;
    curve(everySecond, look.colors.grey, 1, decibels);
    context.globalAlpha = 1;
    curve(loudness.original, look.colors.grey, 1.25, lufs);
    curve(loudness.dub, look.colors.accent, 1.75, lufs);
    const minus = (level) => level.toFixed(1).replace("-", "−");
    const peak = data.truePeak === null ? "" : `true peak ${minus(data.truePeak)} dBTP, `;
    named(data.ceiling, look.colors.warn, `${peak}limit ${minus(data.ceiling)}`, true);
    if (data.target !== null) named(data.target, look.colors.ink, `target ${minus(data.target)} LUFS`, data.target > -24);
  }

  return {
    overview: drawOverview,
    ruler: drawRuler,
    lane: drawLane,
    wave: (name, color) => drawWave(peaks[name], () => look.colors[color]),
    spectrogram: drawSpectrogram,
    loudness: drawLoudness,
    forget: () => { for (const name of Object.keys(spectra)) delete spectra[name]; },
  };
}
