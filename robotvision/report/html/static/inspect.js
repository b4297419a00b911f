// The frame under the cursor: its images, what was answered, how likely each room was, what it cost.
function nearestPicture(k) {
  const at = state.pictured;
  let low = 0, high = at.length;
  while (low < high) { const middle = (low + high) >> 1; if (at[middle] <= k) low = middle + 1; else high = middle; }
  const found = at[low - 1];
  return found !== undefined && data.sequence[found] === data.sequence[k] ? found : null;
}

function showPictures(k) {
  const found = nearestPicture(k);
  for (const img of document.querySelectorAll("#picture img")) {
    const source = found === null ? null : state.pictures[found][img.dataset.channel];
    img.hidden = !source;
    if (source && img.getAttribute("src") !== source) img.src = source;
    img.alt = source ? `${img.dataset.channel} image of frame ${data.index[found]}` : "";
  }
  const note = found === null ? (data.channels.length && state.pictured.length ? "no image of this frame on the page" : "")
    : found === k ? "" : `image of frame ${data.index[found]}, the nearest before on this page`;
  $("picture-note").textContent = note;
}

function describe(k) {
  const run = data.runs[state.run];
  const answer = run.outcome[k] === ABSENT ? "not in this run" : `answer ${roomName(run.answer[k], "none")}, ${outcomeName(run.outcome[k])}, ${earned(run, k)} points`;
  return `frame ${data.index[k]}, true room ${roomName(data.truth[k], "not known")}, ${answer}`;
}

const line = (name, ...value) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, ...value));

function runFacts(run, k) {
  const code = run.outcome[k];
  if (code === ABSENT) return [line("answer", "not in this run")];
  const rows = [];
  const late = run.late_answer[k];
  const answer = roomName(run.answer[k], late === undefined ? "none" : `${roomName(late, "?")} (did not count)`);
  rows.push(line("answer", make("b", {}, answer), " ", make("span", { class: `tag o-${outcomeName(code)}` }, outcomeName(code))));
  rows.push(line("points", earned(run, k)));
  if (run.confidence[k] != null) rows.push(line("confidence", run.confidence[k].toFixed(3)));
  if (run.latency_us[k] != null) rows.push(line("latency", `${short(run.latency_us[k] / 1000)} ms`));
  if (run.age_ms[k] != null) rows.push(line("age of answer", `${short(run.age_ms[k])} ms`));
  if (run.stated[k]) rows.push(line("objects stated", Object.entries(run.stated[k]).map(([o, there]) => (there ? o : `not ${o}`)).join(", ")));
  if (run.faults[k]) rows.push(line("failure", run.faults[k]));
  return rows;
}

function stageRows(run, k) {
  const known = Object.entries(run.stages_us).filter(([, values]) => values[k] != null);
  return known.map(([name, values]) => line(name, `${short(values[k] / 1000)} ms`));
}

function showFacts() {
  const k = state.cursor, box = $("facts");
  const many = data.runs.length > 1;
  const rows = [line("true room", make("b", {}, roomName(data.truth[k], "not known")))];
  if (data.seen[k]) rows.push(line("objects in view", data.seen[k].join(", ")));
  const parts = [make("h3", {}, `Frame ${data.index[k]}`), make("p", { class: "muted" },
    `${data.sequences[data.sequence[k]]}, segment ${data.segment[k]}${data.time_ms[k] == null ? "" : `, ${(data.time_ms[k] / 1000).toFixed(2)} s`}`)];
  if (!many) rows.push(...runFacts(data.runs[0], k));
  parts.push(make("table", {}, make("tbody", {}, ...rows)));
  if (many) {
    data.runs.forEach((run, r) => parts.push(make("h4", {}, make("span", { class: `swatch run-${r}` }), run.name),
      make("table", {}, make("tbody", {}, ...runFacts(run, k)))));
  } else {
    const stages = stageRows(data.runs[0], k);
    if (stages.length) parts.push(make("details", { open: $("facts").dataset.open || null }, make("summary", {}, "latency by stage"), make("table", {}, make("tbody", {}, ...stages))));
  }
  box.replaceChildren(...parts);
  const details = box.querySelector("details");
  if (details) details.addEventListener("toggle", () => { if (details.open) box.dataset.open = "open"; else delete box.dataset.open; });
}

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

function posteriorOf(run, k) {
  if (!run.posterior) return null;
  run.decoded = run.decoded || { rows: bytes(run.posterior), known: bytes(run.has_posterior) };
  const n = run.posterior_rooms.length;
  if (!run.decoded.known[k]) return null;
  return run.posterior_rooms.map((code, i) => ({ code, p: run.decoded.rows[k * n + i] / 255 }));
}

function showPosterior(k) {
  const box = $("posterior-box"), run = data.runs[state.run];
  if (!box || !run.posterior) { if (box) box.hidden = true; return; }
  box.hidden = false;
  const rooms = posteriorOf(run, k);
  $("posteriors").replaceChildren(...(rooms || []).map(({ code, p }) => {
    const bar = make("span", { class: "pbar" });
    bar.style.width = `${p * 100}%`;
    bar.style.background = roomColor(code);
    const mark = (sign, words, isThere) => (isThere ? [make("span", { "aria-hidden": "true", title: words }, sign), make("span", { class: "sr" }, ` ${words}`)] : []);
    const marks = [...mark("✓", "the true room", code === data.truth[k]), ...mark("◂", "the answer", code === run.answer[k])];
    return make("tr", { class: marks.length ? "strong" : null }, make("th", { scope: "row", title: data.labels[code] }, data.labels[code]), make("td", { class: "wide" }, bar),
      make("td", { class: "n" }, p.toFixed(2)), make("td", { class: "marks" }, ...marks));
  }));
}

function showCursor() {
  const scrub = $("scrub");
  scrub.value = state.cursor;
  scrub.setAttribute("aria-valuetext", describe(state.cursor));
  moveCursor();
  showPictures(state.cursor);
  showFacts();
  showPosterior(state.cursor);
  const here = $("here");
  if (here && data.x_m && data.x_m[state.cursor] != null) {
    const { x, y, s, p } = here.ownerSVGElement.dataset;
    const px = (data.x_m[state.cursor] - x) * s + +p, py = (y - data.y_m[state.cursor]) * s + +p;
    here.setAttribute("transform", `translate(${px.toFixed(1)} ${py.toFixed(1)})`);
    here.removeAttribute("hidden");
  } else if (here) here.setAttribute("hidden", "");
  for (const card of document.querySelectorAll("#visits [aria-current]")) card.removeAttribute("aria-current");
  const card = document.querySelector(`#visits [data-k="${state.cursor}"]`);
  if (card) card.setAttribute("aria-current", "true");
}
