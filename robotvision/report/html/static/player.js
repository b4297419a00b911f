// Play and speed, the keys.
let timer = 0, wanted_ms = 0;
const DEFAULT_STEP_MS = 200, LONGEST_STEP_MS = 1500;

const isPlaying = () => timer !== 0;

function stop() {
  clearTimeout(timer);
  timer = 0;
  showPlaying();
  if (typeof writeAddress === "function") writeAddress();
}

function showPlaying() {
  const button = $("play");
  button.textContent = isPlaying() ? "■ stop" : "▶ play";
  button.setAttribute("aria-pressed", String(isPlaying()));
}

// How long frame k is shown: until the next one was taken, jumps and gaps cut short.
function stepMs(k) {
  const isNext = k + 1 < N && data.sequence[k] === data.sequence[k + 1] && data.time_ms[k] != null && data.time_ms[k + 1] != null;
  const recorded = isNext ? clamp(data.time_ms[k + 1] - data.time_ms[k], 1, LONGEST_STEP_MS) : DEFAULT_STEP_MS;
  return recorded / +$("speed").value;
}

// Frames that fall due while the page draws are left out: the speed is kept.
function advance() {
  const now = performance.now();
  let k = state.cursor;
  while (k < N - 1 && wanted_ms <= now) { k += 1; wanted_ms += stepMs(k); }
  setCursor(k);
  if (k >= N - 1) { stop(); return; }
  timer = setTimeout(advance, Math.max(0, wanted_ms - performance.now()));
}

function togglePlay() {
  if (isPlaying()) { stop(); return; }
  if (state.cursor >= N - 1) setCursor(0);
  wanted_ms = performance.now() + stepMs(state.cursor);
  timer = setTimeout(advance, stepMs(state.cursor));
  showPlaying();
}

function changeSpeed(by) {
  const select = $("speed");
  select.selectedIndex = clamp(select.selectedIndex + by, 0, select.options.length - 1);
}

function zoomToVisit() {
  const v = data.visit[state.cursor], first = data.visit.indexOf(v), end = data.visit.lastIndexOf(v) + 1;
  const margin = Math.max(3, (end - first) * 0.15);
  setWindow(first - margin, end + margin);
}

const KEYS = {
  n: () => step(1), p: () => step(-1), " ": togglePlay, "[": () => changeSpeed(-1), "]": () => changeSpeed(1),
  "+": () => zoom(0.5, state.cursor + 0.5), "-": () => zoom(2, state.cursor + 0.5), 0: () => setWindow(0, N), v: zoomToVisit,
  c: () => $("filters").reset(), "?": () => $("keys") && $("keys").showModal(),
  ArrowLeft: () => setCursor(state.cursor - 1), ArrowRight: () => setCursor(state.cursor + 1),
};

function listenKeys() {
  document.addEventListener("keydown", (event) => {
    const isField = event.target.closest("select, input:not([type=range]):not([type=checkbox]), textarea, dialog");
    if (isField || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    const isOwn = (event.key === " " && event.target.closest("button, summary, a, input[type=checkbox]"))
      || (event.key.startsWith("Arrow") && event.target.closest("input[type=range], [role=tab], [tabindex]"));
    if (isOwn) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  $("play").addEventListener("click", togglePlay);
  if ($("keys")) $("show-keys").addEventListener("click", () => $("keys").showModal());
  else $("show-keys").hidden = true;
  for (const id of ["tracks", "scrub", "overview"]) $(id).addEventListener("pointerdown", () => isPlaying() && stop());
}
