// What is shown stands in the address, so that a copy of it shows the same: #frame=92&truth=Hall&answer=Kitchen.
const PARTS = ["truth", "answer", "sequence", "segment"];
let writing = 0;

function addressText() {
  const parts = new URLSearchParams(), form = $("filters").elements;
  if (data.sequences.length > 1) parts.set("in", data.sequences[data.sequence[state.cursor]]);
  parts.set("frame", data.index[state.cursor]);
  for (const name of PARTS) if (form[name].value !== "") parts.set(name, form[name].selectedOptions[0].textContent);
  const chosen = [...form.outcome].filter((box) => box.checked !== box.defaultChecked);
  if (chosen.length) parts.set("outcome", [...form.outcome].filter((box) => box.checked).map((box) => outcomeName(+box.value)).join(","));
  if (state.run) parts.set("run", data.runs[state.run].name);
  if (state.tab && state.tab !== "latency") parts.set("tab", state.tab);
  return `#${parts}`;
}

function writeAddress() {
  clearTimeout(writing);
  writing = setTimeout(() => { if (!isPlaying()) history.replaceState(null, "", addressText()); }, 150);
}

const pick = (select, text) => { const option = [...select.options].find((o) => o.textContent === text); select.value = option ? option.value : ""; };

// Shows what the address asks for; false where it names a section, or nothing.
function readAddress() {
  const text = location.hash.slice(1);
  if (!text.includes("=")) {
    const target = text && $(decodeURIComponent(text)), fold = target && target.closest("details");
    if (fold) { fold.open = true; target.scrollIntoView(); }
    const tab = target && target.closest(".tab-panel");
    if (tab) showTab(tab.id);
    return false;
  }
  const parts = new URLSearchParams(text), form = $("filters").elements;
  for (const name of PARTS) pick(form[name], parts.get(name) ?? "any");
  const outcomes = parts.get("outcome") && parts.get("outcome").split(",");
  for (const box of form.outcome) box.checked = outcomes ? outcomes.includes(outcomeName(+box.value)) : box.defaultChecked;
  showRun(Math.max(0, data.runs.findIndex((r) => r.name === parts.get("run"))));
  if (parts.get("tab") && $(`tab-${parts.get("tab")}`)) showTab(parts.get("tab"));
  choose();
  const sequence = parts.get("in") === null ? -1 : data.sequences.indexOf(parts.get("in"));
  const frame = parts.get("frame") === null ? state.chosen[0] : data.index.findIndex((i, k) => i === +parts.get("frame") && (sequence < 0 || data.sequence[k] === sequence));
  if (frame >= 0) setCursor(frame);
  if (parts.get("truth") !== null && parts.get("frame") === null) $("frames").scrollIntoView({ block: "start" });
  return true;
}

// A run under way is loaded again and again, at its newest frame unless another was chosen.
function followRun() {
  const box = $("going");
  if (!box) return;
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, (event) => { if (event.target !== box && event.target.closest("main")) box.checked = false; });
  setInterval(() => { if (box.checked && !isPlaying()) location.replace(location.pathname + location.search); }, 3000);
  if (!location.hash.includes("=")) setCursor(N - 1);
}

function listenAddress() {
  followRun();

  window.addEventListener("hashchange", readAddress);
  on("cursor chosen run tab", writeAddress);
}
