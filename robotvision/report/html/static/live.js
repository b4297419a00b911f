// Follows a run: rows come as server-sent events and are drawn into the report's own tracks.
const live = JSON.parse($("live").textContent);
const misses = [];
let newest = live.last, isEnded = false, refreshed = 0, pictureAt = 0, wantedPicture = 0;

function addRows(rows) {
  const run = data.runs[0];
  for (const [k, outcome, answer, late, truth, points, confidence, latency, segment, time, index, visit, fault, objectPoints] of rows) {
    Object.assign(run.faults, fault === null ? {} : { [k]: fault });
    if (late !== null) run.late_answer[k] = late;
    run.outcome[k] = outcome; run.answer[k] = answer; run.points[k] = points; run.object_points[k] = objectPoints; run.confidence[k] = confidence; run.latency_us[k] = latency;
    data.truth[k] = truth; data.segment[k] = segment; data.time_ms[k] = time; data.index[k] = index; data.visit[k] = visit;
    cumulated[0][k] = (k ? cumulated[0][k - 1] || 0 : 0) + points;
    if (parts.objects) addParts(k, points, objectPoints);
    if (k && segment !== data.segment[k - 1] && !cutSet.has(k)) { cuts.push(k); cutSet.add(k); fillSegments(); }
    newest = k;
    noteMiss(k);
  }
}

// Points of rooms and of objects up to frame k.
function addParts(k, points, objectPoints) {
  const before = (values) => (k ? values[k - 1] || 0 : 0);
  parts.objects[k] = before(parts.objects) + objectPoints;
  parts.rooms[k] = before(parts.rooms) + points - objectPoints;
}

function noteMiss(k) {
  const code = data.runs[0].outcome[k];
  if (code === CORRECT || code < 0) return;
  misses.unshift(k);
  misses.length = Math.min(misses.length, 5);
}

const missLine = (k) => {
  const run = data.runs[0], late = run.late_answer[k];
  const answer = roomName(run.answer[k], late === undefined ? "nothing" : roomName(late, "?"));
  return make("li", {}, make("span", { class: `tag o-${outcomeName(run.outcome[k])}` }, outcomeName(run.outcome[k])), ` ${data.index[k]} · ${roomName(data.truth[k], "not known")} → ${answer}`);
};

function showStatus(status) {
  $("status").textContent = status.text;
  if (!N) return;
  $("points").textContent = short4(status.points);
  $("max").textContent = short4(status.max);
  $("share").textContent = status.max ? `${((100 * status.points) / status.max).toFixed(1)}%`.replace("-", "\u2212") : "-";
  showCounts(status.counts || {});
  $("posterior").replaceChildren(...(status.posterior || []).map(([name, p]) => {
    const bar = make("span", { class: "pbar" });
    bar.style.width = `${Math.max(1, p * 100)}%`;
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", { class: "wide" }, bar), make("td", { class: "n" }, p.toFixed(2)));
  }));
}

const short4 = (v) => v.toLocaleString("en", { maximumFractionDigits: 2 }).replace("-", "\u2212");

function showCounts(counts) {
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  let x = 0;
  $("outcome-bar").replaceChildren(...Object.entries(counts).filter(([, n]) => n).map(([name, n]) => {
    const width = (1000 * n) / total, rect = make("rect", { class: `o-${name}`, x, y: 0, width, height: 26 }, make("title", {}, `${name}: ${n}`));
    x += width;
    return rect;
  }));
  for (const li of document.querySelectorAll("[data-outcome]")) {
    if (li.tagName !== "LI") continue;
    const n = counts[li.dataset.outcome] || 0;
    li.querySelector("b").textContent = n.toLocaleString("en");
    li.classList.toggle("none", !n);
  }
}

function showNow() {
  if (newest === null || !N) return;
  const run = data.runs[0];
  $("done").textContent = (newest + 1).toLocaleString("en");
  $("total").textContent = N.toLocaleString("en");
  $("latency").textContent = run.latency_us[newest] == null ? "-" : `${short(run.latency_us[newest] / 1000)} ms`;
  $("answer").textContent = roomName(run.answer[newest], "none");
  $("truth").textContent = roomName(data.truth[newest], "withheld");
  $("misses").replaceChildren(...misses.map(missLine));
  if ($("follow").checked) setCursor(newest);
  fillLegend();
  drawOverview();
  tell("window");
  refreshCards();
}

function refreshCards() {
  const now = performance.now();
  if ((!isEnded && now - refreshed < 1500) || $("visits").contains(document.activeElement)) return;
  refreshed = now;
  const kept = shown;
  choose();
  if (kept > PAGE) { shown = kept; showVisits(); }
}

// One picture at a time, twice a second at most: each is made by the machine that runs the system.
function showLivePicture() {
  const k = state.cursor, wait = pictureAt + 500 - performance.now();
  clearTimeout(wantedPicture);
  if (wait > 0) { wantedPicture = setTimeout(showLivePicture, wait); return; }
  if (data.runs[0].outcome[k] === ABSENT) return;
  pictureAt = performance.now();
  state.pictures = { [k]: Object.fromEntries(data.channels.map((c) => [c, `/picture/${k}/${encodeURIComponent(c)}`])) };
  state.pictured = [k];
  showPictures(k);
}

function showEnd(end) {
  isEnded = true;
  const box = $("ended");
  box.hidden = false;
  box.classList.toggle("grave", end.failed);
  box.replaceChildren(end.text, ...(end.report ? [" ", make("a", { href: "/report.html" }, "Open the report")] : []));
  showNow();
}

function follow() {
  const source = new EventSource(`/events?from=${live.from}`);
  let lost = 0;
  source.addEventListener("news", (event) => {
    lost = 0;
    const news = JSON.parse(event.data);
    if (N) addRows(news.rows);
    showStatus(news.status);
    if (news.rows.length) showNow();
  });
  source.addEventListener("again", () => { source.close(); location.reload(); });
  source.addEventListener("end", (event) => { source.close(); showEnd(JSON.parse(event.data)); });
  source.addEventListener("error", () => {
    $("status").textContent = "the run does not answer; trying again";
    if (++lost > 5) { source.close(); $("status").textContent = "the run does not answer any more: it was stopped, or its page is closed"; }
  });
}

if (N) {
  const known = data.runs[0].outcome;
  for (let k = 0; k < N; k++) {
    if (known[k] === ABSENT) for (const values of [...cumulated, ...Object.values(parts)]) values[k] = null;
    else noteMiss(k);
  }
  on("cursor", showLivePicture);
  for (const id of ["scrub", "tracks", "overview", "prev-mistake", "next-mistake", "play", "visits"])
    for (const kind of ["pointerdown", "keydown"]) $(id).addEventListener(kind, () => { $("follow").checked = false; });
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => { state.pictures = {}; showStatus(live.status); showNow(); showLivePicture(); }, 0));
} else showStatus(live.status);
if (live.end) document.addEventListener("DOMContentLoaded", () => setTimeout(() => showEnd(live.end), 0));
else follow();
