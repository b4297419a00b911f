// Filters, and the frames they choose: a row for each visit, which opens to its frames.
const PAGE = 40, FEW = 3;
let shown = PAGE;
const opened = new Set();

function choose() {
  const form = new FormData($("filters"));
  const outcomes = new Set(form.getAll("outcome").map(Number));
  const run = data.runs[state.run];
  const is = (name, value) => { const wanted = form.get(name); return wanted === null || wanted === "" || +wanted === value; };
  const differ = form.get("differ") === null ? null : new Set(differing);
  state.chosen = [];
  for (let k = 0; k < N; k++) {
    const code = run.outcome[k];
    if (code !== ABSENT && outcomes.has(code) && is("truth", data.truth[k]) && is("answer", run.answer[k])
      && is("sequence", data.sequence[k]) && is("segment", data.segment[k]) && (!differ || differ.has(k))) state.chosen.push(k);
  }
  const isMistakes = outcomes.has(WRONG) && !outcomes.has(CORRECT);
  for (const what of document.querySelectorAll(".what")) what.textContent = isMistakes ? "mistake" : "chosen";
  $("frames-title").textContent = isMistakes ? "Mistakes by visit" : "Frames by visit";
  shown = PAGE;
  tell("chosen");
}

// Makes a run of a comparison the one whose frames, outcomes and posterior are shown.
function showRun(run) {
  if (!$("active-run") || run === state.run) return;
  $("active-run").value = run;
  state.run = run;
  choose();
  drawOverview();
  tell("run");
}

// Chosen frames by visit, in order: [{ visit, frames }].
function chosenVisits() {
  const groups = [];
  for (const k of state.chosen) {
    const last = groups[groups.length - 1];
    if (last && last.visit === data.visit[k]) last.frames.push(k);
    else groups.push({ visit: data.visit[k], frames: [k] });
  }
  return groups;
}

function imageOf(k) {
  const images = state.pictures[k];
  return images && Object.values(images)[0];
}

// What lies in the page is there for paper, too.
const lazy = (address) => (address.startsWith("data:") ? null : "lazy");

function card(k) {
  const run = data.runs[state.run];
  const picture = imageOf(k);
  const isRight = run.outcome[k] === CORRECT;
  const answer = roomName(run.answer[k], run.late_answer[k] === undefined ? "no answer" : `${roomName(run.late_answer[k], "?")}, ${outcomeName(run.outcome[k])}`);
  const image = picture ? make("img", { src: picture, alt: "", decoding: "async", loading: lazy(picture) }) : make("span", { class: "blank" }, "no image");
  const words = make("span", { class: "words" }, `${data.index[k]} `,
    isRight ? "" : make("s", {}, `→ ${answer} `), make("b", {}, earned(run, k)));
  const button = make("button", { type: "button", class: `o-${outcomeName(run.outcome[k])}`, title: describe(k) }, image, words, make("span", { class: "sr" }, describe(k)));
  button.addEventListener("click", () => {
    setCursor(k);
    showCursor();
    if (!document.body.classList.contains("report")) $("timeline").scrollIntoView({ block: "start" });
    $("scrub").focus({ preventScroll: true });
  });
  return make("li", { "data-k": k }, button);
}

// What became of a whole visit, as one bar.
function stack(first, end, run) {
  const counts = new Map();
  for (let k = first; k < end; k++) counts.set(run.outcome[k], (counts.get(run.outcome[k]) || 0) + 1);
  const bar = make("span", { class: "stack" });
  for (const [code, n] of [...counts].sort(([a], [b]) => a - b)) {
    if (code === ABSENT) continue;
    const part = make("i", { class: `o-${outcomeName(code)}`, title: `${n} ${outcomeName(code)}` });
    part.style.flexGrow = n;
    bar.append(part);
  }
  return bar;
}

function takenFor(frames, run) {
  const counts = new Map();
  for (const k of frames) {
    const name = run.outcome[k] === CORRECT ? "" : run.late_answer[k] !== undefined ? outcomeName(run.outcome[k]) : roomName(run.answer[k], outcomeName(run.outcome[k]));
    if (name) counts.set(name, (counts.get(name) || 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, 3).map(([name, n]) => `${name} ${n}`).join(", ");
}

const visitEnds = () => {
  const ends = new Map();
  for (let k = 0; k < N; k++) { const v = data.visit[k]; if (!ends.has(v)) ends.set(v, [k, k + 1]); else ends.get(v)[1] = k + 1; }
  return ends;
};

function visitRow({ visit, frames }, [first, end], isOpen) {
  const run = data.runs[state.run], room = roomName(data.truth[frames[0]], "room not known");
  const swatch = make("span", { class: "swatch" });
  swatch.style.background = roomColor(data.truth[frames[0]]);
  const points = frames.reduce((sum, k) => sum + (run.points[k] || 0), 0);
  const image = imageOf(frames[0]), taken = takenFor(frames, run);
  const list = make("ol", { class: "cards" });
  const details = make("details", { "data-visit": visit, open: isOpen ? "" : null },
    make("summary", {},
      image ? make("img", { src: image, alt: "", loading: lazy(image) }) : null,
      make("span", { class: "visit-name" }, swatch, make("b", {}, room), " ", make("span", { class: "range" }, `${data.index[first]}–${data.index[end - 1]}`)),
      make("span", { class: "visit-count" }, `${frames.length} of ${end - first}`),
      make("span", { class: "visit-taken" }, taken ? `→ ${taken}` : ""),
      stack(first, end, run), make("span", { class: "visit-points n" }, signed(points) || "0")),
    list);
  const fill = () => { if (details.open && !list.childElementCount) list.append(...frames.map(card)); };
  // What a browser has yet to fetch would be blank on paper: there the row alone stands for it.
  details.openForPaper = () => { details.open ||= frames.every((k) => !imageOf(k) || lazy(imageOf(k)) === null); fill(); };
  details.addEventListener("toggle", () => { fill(); if (details.open) opened.add(visit); else opened.delete(visit); });
  fill();
  return make("li", {}, details);
}

function showVisits() {
  const groups = chosenVisits(), ends = visitEnds();
  const isNarrow = groups.length <= FEW;
  $("visits").replaceChildren(...groups.slice(0, shown).map((g) => visitRow(g, ends.get(g.visit), isNarrow || opened.has(g.visit))));
  $("count").textContent = `${state.chosen.length.toLocaleString("en")} of ${N.toLocaleString("en")} frames, in ${groups.length.toLocaleString("en")} visit${groups.length === 1 ? "" : "s"}`;
  $("more").hidden = groups.length <= shown;
  $("more").textContent = `show more (${(groups.length - shown).toLocaleString("en")} visits left)`;
}

function showMore() {
  shown += PAGE * 2;
  showVisits();
}

function fillSegments() {
  const select = $("filters").elements.segment;
  const kept = select.value, segments = [...new Set(data.segment)].sort((a, b) => a - b);
  select.replaceChildren(make("option", { value: "" }, "any"), ...segments.map((s) => make("option", { value: s }, s)));
  select.value = kept;
}

// Cells of the confusion choose their frames; they show counts, or shares of the row.
function listenMatrix() {
  document.addEventListener("click", (event) => {
    const cell = event.target.closest(".confusion button");
    if (!cell) return;
    const form = $("filters").elements, run = +cell.closest("table").dataset.run;
    const code = (name) => (name === "" ? -1 : data.labels.indexOf(name));
    showRun(run);
    const isSame = form.truth.value !== "" && +form.truth.value === code(cell.dataset.truth) && form.answer.value !== "" && +form.answer.value === code(cell.dataset.answer);
    if (isSame) { $("filters").reset(); return; }
    form.truth.value = code(cell.dataset.truth);
    form.answer.value = code(cell.dataset.answer);
    for (const box of form.outcome) box.checked = true;
    choose();
    if (state.chosen.length) setCursor(state.chosen[0]);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches(".as-shares")) return;
    for (const cell of event.target.closest("figure").querySelectorAll(".confusion button")) cell.textContent = event.target.checked ? cell.dataset.share : cell.dataset.n;
  });
  on("chosen", () => {
    const form = $("filters").elements;
    for (const cell of document.querySelectorAll(".confusion button")) {
      const isChosen = form.truth.value !== "" && form.answer.value !== "" && data.labels.indexOf(cell.dataset.truth) === +form.truth.value
        && (cell.dataset.answer === "" ? -1 : data.labels.indexOf(cell.dataset.answer)) === +form.answer.value && +cell.closest("table").dataset.run === state.run;
      cell.setAttribute("aria-pressed", String(isChosen));
    }
  });
}
