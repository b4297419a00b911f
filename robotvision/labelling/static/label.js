// Label frames: keys and buttons become edits, the server keeps each, proposals follow.
const ROOM_KEYS = "1234567890qweytuipdfghjklxvbm", THUMB = 70, MOST_THUMBS = 13, UNSURE = 66;
const work = { anchor: null, objects: false, timer: 0, painting: null, version: -1, proposed: [], doubt: [], borders: [], next: null, queue: Promise.resolve(), isGone: false, isSelecting: false };
data.given = data.truth;

const picture = (k, width) => `picture/${k}/${width}`;
const chosenRange = () => (work.anchor === null ? [state.cursor, state.cursor + 1]
  : [Math.min(work.anchor, state.cursor), Math.max(work.anchor, state.cursor) + 1]);
const isOpen = (k) => data.given[k] < 0;
const roomAt = (k) => (isOpen(k) ? (work.proposed[k] ?? -1) : data.given[k]);
const openProposals = () => data.given.map((code, k) => (code < 0 ? work.proposed[k] ?? -1 : -1));

function say(text) {
  $("message").hidden = !text;
  $("message").textContent = text || "";
}

async function ask(path, body) {
  let response, answer;
  try {
    response = await fetch(path, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    answer = await response.json();
  } catch {  // no answer, or one that is cut off: the edits after it are sent all the same
    work.isGone = true;
    showKept();
    say("The server does not answer. All edits up to here are kept: start robotvision label again and open its new address.");
    return null;
  }
  if (response.ok) { work.isGone = false; return answer; }
  say(answer.error);
  return null;
}

// What changes labels or keeps them goes out one after another, in the order of the keys.
function inTurn(act) {
  work.queue = work.queue.then(act);
  return work.queue;
}

// A change given as a function is what it returns once the edits before it are made; null: none.
function edit(given) {
  return inTurn(async () => {
    const change = typeof given === "function" ? given() : given;
    if (!change) return;
    if (change.do !== "undo" && change.do !== "redo") say("");
    const answer = await ask("edit", change);
    if (answer) take(answer);
  });
}

// What is proposed keeps its rooms' names where codes change, and nothing where a room is gone.
function take(answer) {
  const names = [...data.labels];
  work.proposed = work.proposed.map((code) => answer.labels.indexOf(names[code]));
  data.labels.splice(0, data.labels.length, ...answer.labels);
  data.objects.splice(0, data.objects.length, ...answer.objects);
  data.given.splice(0, N, ...answer.given);
  data.accepted = answer.accepted;
  data.seen = answer.seen;
  cuts.splice(0, cuts.length, ...answer.cuts);
  cutSet.clear();
  cuts.forEach((k) => cutSet.add(k));
  Object.assign(work, { version: answer.version, canUndo: answer.can_undo, canRedo: answer.can_redo, isSaved: answer.saved });
  showAll();
  learn();
}

async function learn() {
  const wanted = work.version;
  const answer = await ask("proposals");
  if (!answer || wanted !== work.version) return;
  if (answer.rooms && answer.version !== wanted) {  // of an edit whose answer is on its way, or of another window's
    return inTurn(async () => {  // else an edit's answer might come first and be overwritten by older labels
      const labels = work.version < answer.version && await ask("labels");
      if (labels) take(labels);
    });
  }
  if (answer.rooms) Object.assign(work, { proposed: answer.rooms, doubt: answer.doubt, borders: answer.borders, next: answer.next });
  showLearning(answer);
  if (answer.rooms) showAll();
  if (!answer.rooms && !answer.problem) setTimeout(learn, 400);
  document.documentElement.dataset.learnt = answer.rooms ? String(answer.version) : "";
}

function showLearning(answer) {
  if (!answer.rooms) {
    $("learning").textContent = answer.problem || `looking at the frames: ${answer.done} of ${answer.total} …`;
    return;
  }
  const open = data.given.filter((code) => code < 0).length;
  const wrong = Math.round(answer.doubt.reduce((sum, d) => sum + d, 0) / 100), by = `By ${answer.feature}. ${answer.problem}`;
  $("learning").textContent = !open ? "Every frame has a room." : data.labels.length ? `${open} frames, about ${Math.min(open, wrong)} of them wrong. ${by}`
    : `Name a first room; the others follow. ${by}`;
}

function giveRoom(name) {
  const [start, end] = chosenRange();
  clearRange();
  return edit({ do: "rooms", spans: [[start, end, name]] });
}

function toggleObject(name) {
  const [start, end] = chosenRange();
  clearRange();
  const k = state.cursor;
  return edit(() => ({ do: "object", start, end, name, is_seen: !(data.seen[k] || []).includes(name) }));
}

function clearRange() {
  work.anchor = null;
  work.isSelecting = false;
  showAll();
}

function stretchAt(k) {
  const code = work.proposed[k];
  let start = k, end = k + 1;
  if (!isOpen(k) || code === undefined || code < 0) return null;
  while (start > 0 && isOpen(start - 1) && work.proposed[start - 1] === code && !isCut(start)) start--;
  while (end < N && isOpen(end) && work.proposed[end] === code && !isCut(end)) end++;
  return [start, end, data.labels[code]];
}

// What was given a room meanwhile keeps it.
function accept() {
  const k = state.cursor;
  return edit(() => {
    const stretch = stretchAt(k);
    if (!stretch) say("Nothing is proposed for this frame.");
    return stretch && { do: "rooms", spans: [stretch], origin: "accepted" };
  });
}

function acceptAll() {
  return edit(() => {
    const codes = openProposals(), spans = [];
    for (let k = 0; k < N;) {
      const first = k;
      while (k < N && codes[k] === codes[first]) k++;
      if (codes[first] >= 0) spans.push([first, k, data.labels[codes[first]]]);
    }
    if (!spans.length) say("Nothing is proposed that has no room yet.");
    return spans.length ? { do: "rooms", spans, origin: "accepted" } : null;
  });
}

function goTo(k, extend) {
  if (extend || work.isSelecting) work.anchor ??= state.cursor;
  else work.anchor = null;
  setCursor(k);
  showAll();
}

function toDoubtful() {
  if (work.next === null || work.next === undefined) say(work.proposed.length ? "Every frame has a room." : "Nothing is proposed yet.");
  else goTo(work.next);
}

function toBorder(direction) {
  const shown = (k) => k > 0 && (roomAt(k) !== roomAt(k - 1) || isCut(k));
  const places = new Set(work.borders);
  for (let k = state.cursor + direction; k > 0 && k < N; k += direction) if (shown(k) || places.has(k)) return goTo(k);
  goTo(direction > 0 ? N - 1 : 0);
}

function play() {
  if (work.timer) { clearTimeout(work.timer); work.timer = 0; showAll(); return; }
  const tick = () => {
    if (state.cursor >= N - 1) { work.timer = 0; showAll(); return; }
    const k = state.cursor;
    const gap = isCut(k + 1) ? 300 : clamp(data.time_ms[k + 1] - data.time_ms[k], 1, 2000);
    work.timer = setTimeout(() => { setCursor(k + 1); showAll(); tick(); }, Math.max(20, gap / +$("speed").value));
  };
  tick();
  showAll();
}

function save() {
  return inTurn(async () => {
    const answer = await ask("save", {});
    if (!answer) return;
    say(answer.message);
    work.isSaved = true;
    showKept();
  });
}

function toggleCut() {
  const position = state.cursor;
  if (position) edit(() => ({ do: "cut", position, is_cut: !isCut(position) }));
}

async function name(kind, input) {
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  input.blur();
  if (kind === "room") await giveRoom(text);
  else await toggleObject(text);
}

// What is shown.
function showKept() {
  const kept = $("kept");
  kept.className = `kept ${work.isGone ? "gone" : work.isSaved ? "" : "open"}`;
  kept.textContent = work.isGone ? "no server" : work.isSaved ? "truth is saved" : "kept, truth not saved";
}

function showFrame() {
  const k = state.cursor, code = roomAt(k), isGiven = !isOpen(k);
  $("shown").src = picture(k, 960);
  $("shown").alt = `frame ${data.index[k]}`;
  const verdict = $("verdict");
  verdict.className = `verdict ${isGiven ? "given" : code >= 0 ? "proposed" : ""}`;
  verdict.style.setProperty("--room", roomColor(code));
  verdict.replaceChildren(...(code < 0 ? ["no room yet"] : isGiven ? [data.labels[code]] : [`${data.labels[code]}?`, make("small", {}, work.doubt[k] > UNSURE ? "unsure" : `${100 - work.doubt[k]} %`)]));
  const seconds = (data.time_ms[k] - data.time_ms[0]) / 1000;
  $("where").textContent = `frame ${data.index[k]} · ${seconds.toFixed(1)} s`;
  $("things").textContent = (data.seen[k] || []).join(", ");
  $("scrub").value = k;
  $("scrub").setAttribute("aria-valuetext", `frame ${data.index[k]}, ${isGiven ? data.labels[code] : code >= 0 ? `${data.labels[code]} proposed, ${work.doubt[k]} percent doubt` : "no room yet"}`);
  const here = $("here");
  if (here && data.x_m[k] != null) {
    const { x, y, s, p } = here.ownerSVGElement.dataset;
    here.setAttribute("transform", `translate(${((data.x_m[k] - x) * s + +p).toFixed(1)} ${((y - data.y_m[k]) * s + +p).toFixed(1)})`);
    here.removeAttribute("hidden");
  } else if (here) here.setAttribute("hidden", "");
}

function showStrip() {
  const box = $("strip"), n = clamp(Math.floor(box.clientWidth / THUMB / 2) * 2 - 1, 5, MOST_THUMBS);
  const [from, to] = work.anchor === null ? [-1, -1] : chosenRange();
  while (box.children.length > n) box.lastChild.remove();
  while (box.children.length < n) box.append(make("li", {}, make("img", { alt: "", draggable: "false" })));
  [...box.children].forEach((item, i) => {
    const k = state.cursor - (n >> 1) + i, isThere = k >= 0 && k < N, code = isThere ? roomAt(k) : -1;
    item.dataset.k = k;
    item.className = !isThere ? "none" : [code < 0 ? "" : isOpen(k) ? "proposed" : "given", k >= from && k < to ? "chosen" : "", isCut(k) ? "begins" : ""].join(" ");
    item.style.setProperty("--room", roomColor(code));
    const image = item.firstChild;
    if (isThere && image.getAttribute("src") !== picture(k, 160)) image.src = picture(k, 160);
    if (k === state.cursor) item.setAttribute("aria-current", "true"); else item.removeAttribute("aria-current");
  });
}

function hatches(svg) {
  const defs = document.createElementNS("http://www.w3.org/2000/svg", "defs");
  data.labels.forEach((_, code) => {
    const pattern = document.createElementNS("http://www.w3.org/2000/svg", "pattern");
    for (const [key, value] of Object.entries({ id: `hatch-${code}`, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" })) pattern.setAttribute(key, value);
    pattern.append(make("rect", { width: 7, height: 7, fill: roomColor(code), opacity: 0.16 }), make("rect", { width: 2, height: 7, fill: roomColor(code), opacity: 0.6 }));
    defs.append(pattern);
  });
  svg.append(defs);
}

function drawTracks() {
  const box = $("tracks");
  view.width = Math.max(280, box.clientWidth);
  view.left = view.width < 560 ? 52 : 66;
  const svg = make("svg", { role: "img", "aria-label": "Rooms frame by frame, labelled and proposed, and the doubt about what is proposed" });
  hatches(svg);
  svg.append(make("text", { class: "name", x: 0, y: 22 }, "rooms"), make("text", { class: "name", x: 0, y: 66 }, "doubt"));
  drawBand(svg, data.given, 4, 30);
  drawBand(svg, openProposals(), 4, 30, { fill: (code) => `url(#hatch-${code})`, isOver: true });
  svg.append(make("rect", { class: "ground", x: view.left, y: 46, width: view.width - view.left - 2, height: 26 }));
  if (work.doubt.length) svg.append(make("path", { class: "doubt-fill", d: doubtPath(72, 26) }));
  const marks = work.borders.filter((k) => k >= state.from && k < state.to).map((k) => `M${across(k).toFixed(1)} 36v8`).join("");
  svg.append(make("path", { class: "border-mark", d: marks }, make("title", {}, "a visit seems to begin")));
  if (work.anchor !== null) {
    const [from, to] = chosenRange();
    svg.append(make("rect", { class: "choice", x: across(from), y: 0, width: Math.max(2, across(to) - across(from)), height: 74 }));
  }
  drawAxis(svg, 72);
  svg.append(make("line", { class: "cursor", id: "cursor-line", y1: 0, y2: 74 }));
  svg.setAttribute("viewBox", `0 0 ${view.width} 94`);
  svg.setAttribute("height", 94);
  box.replaceChildren(svg);
  moveCursor();
}

function doubtPath(bottom, height) {
  let d = "";
  for (let k = state.from; k < state.to;) {
    const v = work.doubt[k], first = k;
    while (k < state.to && work.doubt[k] === v) k++;
    if (v > 0) { const h = Math.max(1, (v / 100) * height), w = Math.max(0.7, across(k) - across(first)); d += `M${across(first).toFixed(1)} ${(bottom - h).toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}h${(-w).toFixed(1)}z`; }
  }
  return d;
}

function showKeys() {
  const counts = data.labels.map(() => 0);
  data.given.forEach((code) => { if (code >= 0) counts[code]++; });
  const pressed = roomAt(state.cursor);
  $("rooms").replaceChildren(...data.labels.map((label, code) => {
    const button = make("button", { type: "button", "aria-pressed": String(!isOpen(state.cursor) && code === pressed), title: label }, make("kbd", {}, ROOM_KEYS[code] || "·"), make("span", { class: "swatch" }), make("span", { class: "name" }, label), make("span", { class: "n" }, counts[code] || ""));
    button.style.setProperty("--room", roomColor(code));
    button.addEventListener("click", () => giveRoom(label));
    return button;
  }));
  const seen = data.seen[state.cursor] || [];
  $("objects").classList.toggle("armed", work.objects);
  $("objects").replaceChildren(...data.objects.map((label, code) => {
    const button = make("button", { type: "button", "aria-pressed": String(seen.includes(label)) }, make("kbd", {}, ROOM_KEYS[code] || "·"), make("span", { class: "name" }, label), make("span", { class: "n" }, seen.includes(label) ? "in view" : ""));
    button.addEventListener("click", () => toggleObject(label));
    return button;
  }));
}

function showMap() {
  const here = $("here");
  if (!here) return;
  const svg = here.ownerSVGElement, { x, y, s, p } = svg.dataset, paths = new Map();
  for (let k = 0; k < N; k++) {
    const code = data.given[k];
    if (code < 0 || data.x_m[k] == null) continue;
    paths.set(code, (paths.get(code) || "") + `M${((data.x_m[k] - x) * s + +p).toFixed(1)} ${((y - data.y_m[k]) * s + +p).toFixed(1)}h.01`);
  }
  svg.querySelectorAll(".room-spot").forEach((node) => node.remove());
  for (const [code, d] of paths) here.before(make("path", { class: "room-spot", d, stroke: roomColor(code) }));
}

let wanted = 0, shownVersion = "";
function showAll() {
  cancelAnimationFrame(wanted);
  wanted = requestAnimationFrame(() => {
    showFrame();
    showStrip();
    drawTracks();
    showKeys();
    showKept();
    if (shownVersion !== work.version) { shownVersion = work.version; showMap(); }
    const n = data.given.filter((code) => code >= 0).length;
    $("n-labelled").textContent = n;
    $("share").value = n;
    $("undo").disabled = !work.canUndo;
    $("redo").disabled = !work.canRedo;
    $("accept").disabled = !stretchAt(state.cursor);
    $("accept-all").disabled = !openProposals().some((code) => code >= 0);
    $("cut").setAttribute("aria-pressed", String(isCut(state.cursor)));
    $("range").setAttribute("aria-pressed", String(work.isSelecting || work.anchor !== null));
    $("play").textContent = work.timer ? "❚❚" : "▶";
  });
}

// Keys and buttons.
const ACTS = {
  " ": play, ArrowLeft: (e) => goTo(state.cursor - 1, e.shiftKey), ArrowRight: (e) => goTo(state.cursor + 1, e.shiftKey),
  PageUp: (e) => goTo(state.cursor - 10, e.shiftKey), PageDown: (e) => goTo(state.cursor + 10, e.shiftKey),
  Home: (e) => goTo(0, e.shiftKey), End: (e) => goTo(N - 1, e.shiftKey),
  "[": () => toBorder(-1), "]": () => toBorder(1), n: toDoubtful, Enter: accept, A: acceptAll, s: save,
  z: () => edit({ do: "undo" }), Z: () => edit({ do: "redo" }), c: toggleCut,
  Backspace: () => giveRoom(null), Delete: () => giveRoom(null), Escape: clearRange, r: () => $("room-name").focus(), O: () => $("object-name").focus(),
  o: () => { work.objects = true; showKeys(); }, "?": () => $("help").showModal(),
  "-": () => faster(-1), "+": () => faster(1),
};

function faster(direction) {
  const speed = $("speed");
  speed.selectedIndex = clamp(speed.selectedIndex + direction, 0, speed.options.length - 1);
}

function pressed(event) {
  if ($("help").open || event.target.closest("input:not([type=range]), select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    const act = { z: () => edit({ do: event.shiftKey ? "redo" : "undo" }), s: save }[event.key.toLowerCase()];
    if (act) { event.preventDefault(); act(); }
    return;
  }
  const code = ROOM_KEYS.indexOf(event.key), isName = event.key.length === 1 && code >= 0;
  if (work.objects && event.key !== "o") {
    work.objects = false;
    if (isName && data.objects[code] !== undefined) toggleObject(data.objects[code]);
    showAll();
  } else if (isName && data.labels[code] !== undefined) {
    if (work.timer) work.painting ??= { name: data.labels[code], key: event.key, from: state.cursor };
    else if (!event.repeat) giveRoom(data.labels[code]);
  } else if (ACTS[event.key]) {
    if ((event.key === "Enter" || event.key === " ") && event.target.closest("button, summary")) return;
    ACTS[event.key](event);
  } else return;
  event.preventDefault();
}

// A room's key that is held while the sequence plays labels what passes.
function released(event) {
  const paint = work.painting;
  if (!paint || event.key !== paint.key) return;
  work.painting = null;
  edit({ do: "rooms", spans: [[Math.min(paint.from, state.cursor), Math.max(paint.from, state.cursor) + 1, paint.name]] });
}

function listen() {
  document.addEventListener("keydown", pressed);
  document.addEventListener("keyup", released);
  const press = { undo: "z", redo: "Z", save: "s", accept: "Enter", "accept-all": "A", cut: "c", doubtful: "n", play: " ", "to-last-border": "[", "to-next-border": "]", "help-button": "?", back: "ArrowLeft", ahead: "ArrowRight" };
  for (const [id, key] of Object.entries(press)) $(id).addEventListener("click", (event) => ACTS[key](event));
  $("range").addEventListener("click", () => { if (work.isSelecting || work.anchor !== null) clearRange(); else { work.isSelecting = true; work.anchor = state.cursor; showAll(); } });
  $("zoom-in").addEventListener("click", () => zoom(0.5, state.cursor + 0.5));
  $("zoom-out").addEventListener("click", () => zoom(2, state.cursor + 0.5));
  $("zoom-all").addEventListener("click", () => setWindow(0, N));
  $("scrub").addEventListener("input", (event) => goTo(+event.target.value));
  $("strip").addEventListener("click", (event) => { const item = event.target.closest("li"); if (item) goTo(+item.dataset.k, event.shiftKey); });
  for (const kind of ["room", "object"]) $(`new-${kind}`).addEventListener("submit", (event) => { event.preventDefault(); name(kind, $(`${kind}-name`)); });
  const tracks = $("tracks"), at = (event) => Math.floor(clamp(frameAt(event.clientX - tracks.getBoundingClientRect().left), 0, N - 1));
  tracks.addEventListener("pointerdown", (event) => { goTo(at(event), event.shiftKey); tracks.setPointerCapture(event.pointerId); });
  tracks.addEventListener("pointermove", (event) => { if (event.buttons) goTo(at(event), event.shiftKey || work.anchor !== null); });
  tracks.addEventListener("wheel", (event) => { if (event.ctrlKey) { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, at(event)); } }, { passive: false });
  on("window", showAll);
  new ResizeObserver(showAll).observe(tracks);
}

listen();
ask("labels").then((answer) => {
  if (answer) take(answer);
  document.documentElement.dataset.ready = "yes";
});
