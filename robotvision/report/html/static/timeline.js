// The sequence as tracks over one axis of frames, drawn anew for every window; one path a colour.
const summed = (values) => { let sum = 0; return values.map((v) => (sum += v || 0)); };
const cumulated = data.runs.map((run) => summed(run.points));
// Rooms and objects apart, where the task has objects and the page one run.
const parts = data.objects.length && data.runs.length === 1 && data.runs[0].object_points.length
  ? { rooms: summed(data.runs[0].points.map((p, k) => (p || 0) - (data.runs[0].object_points[k] || 0))), objects: summed(data.runs[0].object_points) } : {};
function plan() {
  const rows = [{ kind: "chosen", name: "chosen", height: 8 }];
  rows.push({ kind: "band", name: "truth", codes: data.truth, height: 18, gap: 3 });
  const many = data.runs.length > 1;
  data.runs.forEach((run, r) => {
    rows.push({ kind: "band", name: many ? run.name : "answer", codes: run.answer, run: r, height: 18, gap: many ? 9 : 2 });
    rows.push({ kind: "outcome", name: many ? "" : "outcome", run: r, height: 18, gap: 1 });
  });
  if (many) rows.push({ kind: "differ", name: "answers differ", height: 12, gap: 10 });
  const active = data.runs[state.run];
  data.objects.forEach((name, i) => rows.push({ kind: "object", name, height: 9, gap: i ? 2 : 9 }));
  if (active.confidence.some((v) => v != null))
    rows.push({ kind: "curve", name: "confidence", values: active.confidence, low: 0, high: 1, height: 36, gap: 9, limit: active.break_even, ticks: [0, 1] });
  const latencies = active.latency_us.filter((v) => v > 0);
  if (latencies.length) {
    const limit = active.deadline_ms || active.frame_ms;
    const low = Math.min(...extent(latencies)) / 1000, high = Math.max(Math.max(...extent(latencies)) / 1000, limit || 0);
    rows.push({ kind: "curve", name: "latency", unit: "ms, log axis", values: active.latency_us.map((v) => (v > 0 ? v / 1000 : null)), low: low * 0.8, high: high * 1.2, log: true,
      height: 42, gap: 9, limit, limitName: active.deadline_ms ? "deadline" : "next frame", ticks: [low, high] });
  }
  const tops = [...cumulated, ...Object.values(parts)].map((c) => extent(c)).flat().concat(0, data.runs[0].max_points ? 1 : 0);
  rows.push({ kind: "points", name: "points", low: Math.min(...tops), high: Math.max(...tops), height: 46, gap: 9, ticks: [Math.min(...tops), Math.max(...tops)] });
  return rows;
}

function drawTracks() {
  const box = $("tracks");
  view.width = Math.max(280, view.paper || box.clientWidth);
  view.left = view.width < 560 ? 72 : 98;
  const svg = make("svg", { role: "img", "aria-label": "Timeline: truth, answers, outcomes, confidence, latency and points, frame by frame" });
  let y = 2;
  for (const row of plan()) {
    y += row.gap || 0;
    drawRow(svg, row, y);
    y += row.height;
  }
  drawAxis(svg, y);
  const cursor = make("line", { class: "cursor", id: "cursor-line", y1: 0, y2: y });
  svg.append(cursor);
  svg.setAttribute("viewBox", `0 0 ${view.width} ${y + 22}`);
  svg.setAttribute("height", y + 22);
  box.replaceChildren(svg);
  moveCursor();
}

function drawRow(svg, row, y) {
  const most = view.left < 80 ? 10 : 14;
  const isCurve = row.height > 30;
  const name = row.name.length > most ? row.name.slice(0, most - 1) + "…" : row.name;
  if (name) svg.append(make("text", { class: row.kind === "object" ? "name small" : "name", x: 0, y: isCurve ? y + row.height / 2 + 4 : y + Math.min(row.height / 2 + 4, 15) }, make("title", {}, row.name), name));
  if (row.unit && view.left >= 80) svg.append(make("text", { class: "name small", x: 0, y: y + row.height / 2 + 16 }, row.unit));
  if (row.kind === "chosen") drawMarks(svg, state.chosen, y, row.height, "var(--ink)");
  else if (row.kind === "band") drawBand(svg, row.codes, y, row.height, { run: row.run });
  else if (row.kind === "object") drawObject(svg, row.name, y, row.height);
  else if (row.kind === "outcome") drawOutcomes(svg, data.runs[row.run].outcome, y, row.height);
  else if (row.kind === "differ") drawMarks(svg, differing, y, row.height, "var(--ink)");
  else drawCurves(svg, row, y);
}

const HEIGHTS = { correct: 0.22, unanswered: 0.6, skipped: 0.6, late: 0.8, wrong: 1, failed: 1, unscored: 0.4 };

// An object's row: in view and stated full height, in view and not stated the lower half, stated and not in view the upper.
function drawObject(svg, name, y, height) {
  const stated = data.runs[state.run].stated, paths = { right: "", missed: "", false: "" };
  svg.append(make("rect", { class: "ground", x: view.left, y, width: view.width - view.left - 2, height }));
  const kind = (k) => {
    const isThere = Boolean(data.seen[k] && data.seen[k].includes(name)), isStated = Boolean(stated[k] && stated[k][name]);
    return isThere ? (isStated ? "right" : "missed") : isStated ? "false" : "";
  };
  for (let k = state.from; k < state.to;) {
    const what = kind(k), first = k;
    while (k < state.to && kind(k) === what && !(k > first && isCut(k))) k++;
    if (!what) continue;
    const x = across(first).toFixed(1), w = Math.max(0.7, across(k) - across(first)).toFixed(1), h = what === "right" ? height : height / 2;
    paths[what] += `M${x} ${y + (what === "missed" ? height / 2 : 0)}h${w}v${h}h${-w}z`;
  }
  const words = { right: "in view and stated", missed: "in view, not stated", false: "stated, not in view" };
  for (const [what, d] of Object.entries(paths)) if (d) svg.append(make("path", { d, class: `object-${what}` }, make("title", {}, `${name}: ${words[what]}`)));
}

const STACK = ["wrong", "failed", "late", "skipped", "unanswered", "unscored", "correct"];

function drawOutcomes(svg, codes, y, height) {
  const paths = new Map();
  const add = (code, x, top, w, h) => paths.set(code, (paths.get(code) || "") + `M${x.toFixed(1)} ${top.toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}h${-w.toFixed(1)}z`);
  if (state.to - state.from > (view.width - view.left) * 0.75) stackOutcomes(codes, y, height, add);
  else {
    for (let k = state.from; k < state.to;) {
      const code = codes[k], first = k;
      while (k < state.to && codes[k] === code) k++;
      if (code === ABSENT) continue;
      const h = HEIGHTS[outcomeName(code)] * height, x = across(first);
      add(code, x, y + height - h, Math.max(1.3, across(k) - x), h);
    }
  }
  const order = [...paths].sort(([a], [b]) => (a === CORRECT ? -1 : b === CORRECT ? 1 : a - b));
  for (const [code, d] of order) svg.append(make("path", { d, fill: outcomeColor(code), "data-outcome": outcomeName(code) }, make("title", {}, outcomeName(code))));
}

// Too many frames to draw each: columns of two pixels, parted by the share of each outcome.
function stackOutcomes(codes, y, height, add) {
  const n = Math.floor((view.width - view.left) / 2);
  for (let c = 0; c < n; c++) {
    const from = state.from + Math.floor((c * (state.to - state.from)) / n), to = state.from + Math.floor(((c + 1) * (state.to - state.from)) / n);
    const counts = new Map();
    for (let k = from; k < to; k++) if (codes[k] !== ABSENT) counts.set(codes[k], (counts.get(codes[k]) || 0) + 1);
    let bottom = y + height;
    for (const name of STACK) {
      const code = name === "unscored" ? -1 : data.outcomes.indexOf(name), count = counts.get(code);
      if (!count) continue;
      const h = Math.min(bottom - y, Math.max(code === CORRECT ? 0 : 2, (count / (to - from)) * height));
      add(code, view.left + c * 2, bottom - h, 2, h);
      bottom -= h;
    }
  }
}

function drawCurves(svg, row, y) {
  const log = row.log ? Math.log : (v) => v;
  const up = (v) => y + row.height - ((log(clamp(v, row.low, row.high)) - log(row.low)) / (log(row.high) - log(row.low) || 1)) * row.height;
  svg.append(make("rect", { class: "ground", x: view.left, y, width: view.width - view.left - 2, height: row.height }));
  for (const t of row.ticks) svg.append(make("text", { class: "tick", x: view.left - 5, y: clamp(up(t) + 4, y + 9, y + row.height), "text-anchor": "end" }, short(t)));
  if (row.kind === "points") {
    svg.append(make("line", { class: "frame", x1: view.left, x2: view.width - 2, y1: up(0), y2: up(0) }));
    for (const [name, values] of Object.entries(parts)) svg.append(make("path", { class: `curve run-0 part-${name}`, d: curve(values, up) }, make("title", {}, `points of the ${name}`)),
      make("text", { class: "tick", x: view.width - 4, y: clamp(up(values[state.to - 1]) - 3, y + 8, y + row.height - 2), "text-anchor": "end" }, name));
    cumulated.forEach((values, r) => svg.append(make("path", { class: `curve run-${r}`, d: curve(values, up) })));
    return;
  }
  if (row.limit && row.limit <= row.high) {
    svg.append(make("line", { class: "limit", x1: view.left, x2: view.width - 2, y1: up(row.limit), y2: up(row.limit) }));
    if (row.limitName) svg.append(make("text", { class: "tick", x: view.width - 5, y: up(row.limit) + (up(row.limit) < y + 14 ? 12 : -3), "text-anchor": "end" }, `${row.limitName} ${short(row.limit)}`));
  }
  svg.append(make("path", { class: `curve run-${data.runs.length > 1 ? state.run : 0}`, d: curve(row.values, up) }));
}

function drawOverview() {
  const box = $("overview"), width = Math.max(280, view.paper || box.clientWidth), height = 17;
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, height, preserveAspectRatio: "none", role: "img", "aria-label": "The whole sequence by outcome; the frame marks the window shown below" });
  const kept = { from: state.from, to: state.to, width: view.width, left: view.left };
  Object.assign(state, { from: 0, to: N });
  Object.assign(view, { width, left: 0 });
  svg.append(make("rect", { class: "ground", width, height }));
  drawOutcomes(svg, data.runs[state.run].outcome, 0, height);
  Object.assign(state, { from: kept.from, to: kept.to });
  Object.assign(view, { width: kept.width, left: kept.left });
  svg.append(make("rect", { class: "window", id: "window-box", y: 0.75, height: height - 1.5 }));
  box.replaceChildren(svg);
  moveWindow();
}

function moveWindow() {
  const box = $("window-box");
  const width = Math.max(280, view.paper || $("overview").clientWidth);
  box.setAttribute("x", (state.from / N) * width);
  box.setAttribute("width", Math.max(2, ((state.to - state.from) / N) * width));
  const isAll = state.from === 0 && state.to === N;
  $("window").textContent = isAll ? `all ${N.toLocaleString("en")} frames` : `frames ${data.index[state.from]} to ${data.index[state.to - 1]}, ${state.to - state.from} of ${N.toLocaleString("en")}`;
}

const differing = data.truth.flatMap((_, k) => {
  const there = data.runs.filter((run) => run.outcome[k] !== ABSENT);
  return there.some((run) => run.answer[k] !== there[0].answer[k]) ? [k] : [];
});
