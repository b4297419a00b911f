// Joins it all: pointer, wheel, keys, filters.
function placeAt(event, box) {
  const rect = box.getBoundingClientRect();
  return ((event.clientX - rect.left) / rect.width) * Math.max(280, box.clientWidth);
}

function listenTracks() {
  const box = $("tracks");
  const scrub = (event) => setCursor(clamp(Math.floor(frameAt(placeAt(event, box))), state.from, state.to - 1));
  box.addEventListener("pointermove", scrub);
  box.addEventListener("pointerdown", (event) => { scrub(event); $("scrub").focus({ preventScroll: true }); });
  box.addEventListener("dblclick", (event) => zoom(0.4, frameAt(placeAt(event, box))));
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey) return;
    event.preventDefault();
    if (event.shiftKey) setWindow(state.from + Math.sign(event.deltaY + event.deltaX) * (state.to - state.from) * 0.15, state.to + Math.sign(event.deltaY + event.deltaX) * (state.to - state.from) * 0.15);
    else zoom(event.deltaY > 0 ? 1.25 : 0.8, frameAt(placeAt(event, box)));
  }, { passive: false });
}

function listenOverview() {
  const box = $("overview");
  const frame = (event) => clamp((placeAt(event, box) / Math.max(280, box.clientWidth)) * N, 0, N);
  let start = null;
  box.addEventListener("pointerdown", (event) => { start = frame(event); box.setPointerCapture(event.pointerId); });
  box.addEventListener("pointermove", (event) => {
    if (start !== null && Math.abs(frame(event) - start) > N / 200) setWindow(Math.min(start, frame(event)), Math.max(start, frame(event)));
  });
  box.addEventListener("pointerup", (event) => {
    if (start !== null && Math.abs(frame(event) - start) <= N / 200) setCursor(Math.floor(start));
    start = null;
  });
}

function listenMap() {
  const here = $("here");
  if (!here || !data.x_m) return;
  const svg = here.ownerSVGElement, { x, y, s, p } = svg.dataset;
  const move = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const px = (at.x - p) / s + +x, py = +y - (at.y - p) / s;
    let best = -1, least = 0.5;
    for (let k = 0; k < N; k++) {
      if (data.x_m[k] == null) continue;
      const d = Math.hypot(data.x_m[k] - px, data.y_m[k] - py);
      if (d < least) { least = d; best = k; }
    }
    if (best >= 0) setCursor(best);
  };
  svg.addEventListener("pointermove", move);
  svg.addEventListener("pointerdown", move);
}

function listenButtons() {
  $("prev-mistake").addEventListener("click", () => step(-1));
  $("next-mistake").addEventListener("click", () => step(1));
  $("zoom-in").addEventListener("click", () => zoom(0.5, state.cursor + 0.5));
  $("zoom-out").addEventListener("click", () => zoom(2, state.cursor + 0.5));
  $("zoom-all").addEventListener("click", () => setWindow(0, N));
  $("zoom-visit").addEventListener("click", zoomToVisit);
  $("scrub").addEventListener("input", (event) => setCursor(+event.target.value));
  $("more").addEventListener("click", showMore);
  $("filters").addEventListener("change", choose);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(choose));
  if ($("active-run")) $("active-run").addEventListener("change", (event) => showRun(+event.target.value));
  window.addEventListener("beforeprint", () => {
    for (const details of [...document.querySelectorAll(".visits details")].slice(0, 12)) details.openForPaper();
    for (const details of document.querySelectorAll("details.fold, .column details")) if (!details.closest(".visits")) details.open = true;
  });
}

// On paper the tracks are drawn for a sheet of A4 within its margins, not for the screen.
const PAPER = 703;
function listenPrint() {
  const draw = (paper) => { view.paper = paper; drawOverview(); drawTracks(); };
  window.addEventListener("beforeprint", () => draw(PAPER));
  window.addEventListener("afterprint", () => draw(0));
}

// Filters that could choose nothing, or nothing but all, are left out.
function hideIdleFilters() {
  const used = new Set(data.runs.flatMap((run) => run.outcome)), form = $("filters").elements;
  for (const box of form.outcome) box.closest("label").hidden = !used.has(+box.value);
  form.sequence.closest("label").hidden = data.sequences.length < 2;
  form.segment.closest("label").hidden = new Set(data.segment).size < 2;
}

// On a narrow screen the posterior leaves the stage, which stays on screen, for the page below.
function placePosterior() {
  const narrow = window.matchMedia("(max-width: 1179px)");
  const place = () => (narrow.matches ? $("under") : $("views")).append($("posterior-box"));
  narrow.addEventListener("change", place);
  place();
}

function colorMap() {
  for (const area of document.querySelectorAll(".map .area")) area.style.stroke = roomColor(+area.dataset.room);
}

function fillLegend() {
  const present = new Set([data.truth, ...data.runs.map((run) => run.answer)].flat());
  $("room-legend").replaceChildren(...data.labels.flatMap((label, code) => {
    if (!present.has(code)) return [];
    const swatch = make("span", { class: "swatch" });
    swatch.style.background = roomColor(code);
    return [make("li", {}, swatch, label)];
  }));
}

function start() {
  const scrub = $("scrub");
  scrub.max = N - 1;
  if ($("active-run")) $("active-run").value = state.run; // a browser that loads anew may keep another
  fillSegments();
  fillLegend();
  let wanted = 0;
  const redraw = () => { cancelAnimationFrame(wanted); wanted = requestAnimationFrame(() => { drawTracks(); moveWindow(); }); };
  on("window chosen run", redraw);
  on("cursor run", showCursor);
  on("chosen", showVisits);
  listenMatrix();
  listenKeys();
  listenExports();
  document.addEventListener("tab", (event) => { state.tab = event.detail; tell("tab"); });
  if (typeof listenTabs === "function") listenTabs();
  colorMap();
  placePosterior();
  if (!$("live")) hideIdleFilters();
  listenTracks();
  listenOverview();
  listenMap();
  listenButtons();
  listenPrint();
  choose();
  drawOverview();
  drawTracks();
  new ResizeObserver(() => { drawOverview(); redraw(); }).observe($("tracks"));
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
    state.pictures = JSON.parse($("pictures").textContent);
    state.pictured = Object.keys(state.pictures).map(Number).sort((a, b) => a - b);
    if (state.chosen.length && state.cursor === 0) state.cursor = state.chosen[0];
    if (typeof listenAddress !== "function" || !readAddress()) showVisits();
    showCursor();
    if (typeof listenAddress === "function") listenAddress();
    document.documentElement.dataset.ready = "yes";
  }));
}

if (N) start();
else document.documentElement.dataset.ready = "yes";
