// Tracks over one axis of frames: bands of rooms, marks, curves, the axis; one path a colour.
const cuts = data.segment.flatMap((s, k) =>
  k && (s !== data.segment[k - 1] || data.sequence[k] !== data.sequence[k - 1]) ? [k] : []);
const view = { width: 800, left: 98, paper: 0 };
const across = (k) => view.left + ((k - state.from) / (state.to - state.from)) * (view.width - view.left - 2);
const frameAt = (x) => state.from + ((x - view.left) / (view.width - view.left - 2)) * (state.to - state.from);

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) { if (v < low) low = v; if (v > high) high = v; }
  return low === Infinity ? [] : [low, high];
}

function drawMarks(svg, positions, y, height, color) {
  let d = "", last = -1;
  for (const k of positions) {
    if (k < state.from || k >= state.to) continue;
    const x = Math.round(across(k + 0.5));
    if (x !== last) d += `M${x} ${y}v${height}`;
    last = x;
  }
  svg.append(make("path", { d, stroke: color, "stroke-width": 1.5, fill: "none" }));
}

// `fill` gives a room's paint; `isOver`: what lies there already shows where there is no room.
function drawBand(svg, codes, y, height, { run, fill = roomColor, isOver = false } = {}) {
  if (!isOver) svg.append(make("rect", { class: "ground", x: view.left, y, width: view.width - view.left - 2, height }));
  const paths = new Map(), words = [];
  const outcome = run === undefined ? null : data.runs[run].outcome;
  for (let k = state.from; k < state.to;) {
    const code = codes[k], first = k;
    while (k < state.to && codes[k] === code && !(k > first && isCut(k))) k++;
    if (code < 0 || (outcome && outcome[first] === ABSENT)) continue;
    const x = across(first), w = Math.max(0.7, across(k) - x);
    paths.set(code, (paths.get(code) || "") + `M${x.toFixed(1)} ${y}h${w.toFixed(1)}v${height}h${-w.toFixed(1)}z`);
    const letters = Math.floor((w - 6) / 6.4), label = data.labels[code];
    if (letters >= Math.min(3, label.length)) words.push(make("text", { class: isOver ? "inband over" : "inband", x: x + w / 2, y: y + height / 2 + 4, "text-anchor": "middle" }, label.length <= letters ? label : `${label.slice(0, letters - 1)}…`));
  }
  for (const [code, d] of paths) svg.append(make("path", { d, fill: fill(code) }, make("title", {}, data.labels[code])));
  svg.append(...words);
}

const cutSet = new Set(cuts);
const isCut = (k) => cutSet.has(k);
function curve(values, up) {
  let d = "", pen = "M", column = null, low = 0, high = 0, last = 0;
  const flush = () => {
    if (column === null) return;
    d += `${pen}${column} ${up(low).toFixed(1)}`;
    if (high > low) d += `V${up(high).toFixed(1)}`;
    if (last !== high) d += `V${up(last).toFixed(1)}`;
    pen = "L";
    column = null;
  };
  const isDense = (state.to - state.from) > view.width;
  for (let k = state.from; k < state.to; k++) {
    const v = values[k];
    if (v == null || isCut(k)) { flush(); pen = "M"; if (v == null) continue; }
    const x = isDense ? Math.round(across(k + 0.5)) : across(k + 0.5).toFixed(1);
    if (x !== column) { flush(); column = x; low = high = v; }
    if (v < low) low = v;
    if (v > high) high = v;
    last = v;
  }
  flush();
  return d;
}

function drawAxis(svg, y) {
  for (const k of cuts) {
    if (k <= state.from || k >= state.to || cuts.length > 300) continue;
    const isSequence = data.sequence[k] !== data.sequence[k - 1];
    svg.append(make("line", { class: "cut", x1: across(k), x2: across(k), y1: 10, y2: y, "stroke-width": isSequence ? 2 : 1 },
      make("title", {}, isSequence ? `sequence ${data.sequences[data.sequence[k]]} begins` : `segment ${data.segment[k]} begins (a jump)`)));
  }
  const n = state.to - state.from, rough = n / Math.max(3, (view.width - view.left) / 90);
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const every = Math.max(1, [1, 2, 5, 10].find((m) => m * unit >= rough) * unit);
  svg.append(make("text", { class: "name", x: 0, y: y + 15 }, "frame"));
  for (let k = Math.ceil(state.from / every) * every; k < state.to; k += every) {
    const x = across(k + 0.5);
    svg.append(make("text", { class: "tick", x: clamp(x, view.left + 6, view.width - 18), y: y + 15, "text-anchor": "middle" }, data.index[k]));
  }
}

function moveCursor() {
  const line = $("cursor-line"), x = across(state.cursor + 0.5);
  if (!line) return;
  line.setAttribute("x1", x);
  line.setAttribute("x2", x);
}
