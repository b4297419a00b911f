// A board: further runs of a team shown or not, any two runs compared, folds and tabs that an address names.
const el = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

function listenOthers(section) {
  const label = section.querySelector(".others");
  if (!label) return;
  label.hidden = false;
  const box = label.querySelector("input");
  const show = () => { for (const row of section.querySelectorAll("tr.is-other")) row.hidden = !box.checked; };
  box.addEventListener("change", show);
  show();
}

// An interval on an axis of its own, with 0 marked.
function gapWhisker(estimate, low, high) {
  const from = Math.min(0, low), to = Math.max(0, high), span = to - from || 1;
  const at = (v) => `${(((v - from) / span) * 90 + 5).toFixed(2)}`;
  const style = `--a:${at(low)};--b:${at(high)};--p:${at(estimate)};--zero:${at(0)}`;
  return el("span", { class: "ci gap", style, "aria-hidden": "true" }, el("i", {}), el("b", {}), el("s", {}));
}

function listenPairs(form) {
  const { runs, pairs } = JSON.parse(form.parentElement.querySelector("script.pairs").textContent);
  const found = new Map(pairs.map((pair) => [`${pair[0]} ${pair[1]}`, pair]));
  const { first, second } = form.elements;
  for (const select of [first, second]) select.append(...runs.flatMap((name, k) => (name === null ? [] : [el("option", { value: k }, name)])));
  const show = (event) => {
    const isChosen = first.value !== "" && second.value !== "";  // not where an address names a run that is not here
    const [i, j] = [+first.value, +second.value].sort((a, b) => a - b);
    const pair = isChosen && found.get(`${i} ${j}`);
    if (event && pair) history.replaceState(null, "", `#${new URLSearchParams({ in: form.parentElement.id, first: runs[first.value], second: runs[second.value] })}`);
    if (!pair) { form.querySelector(".answer").replaceChildren(el("p", { class: "muted" }, !isChosen || i === j ? "Choose two runs." : "These two are not compared on this page.")); return; }
    const [, , words, estimate, low, high, visits] = pair;
    form.querySelector(".answer").replaceChildren(
      el("p", {}, el("b", {}, runs[i]), " less ", el("b", {}, runs[j]), `: ${words.replace(/(?<![\w.])-(?=[\d.])/g, "\u2212")}.`),
      gapWhisker(estimate, low, high),
      ...(visits ? [el("p", { class: "muted" }, `Visits like these that would separate them, were the difference as large as it looks: ${visits}.`)] : []));
  };
  second.selectedIndex = Math.min(1, second.options.length - 1);
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.choose = (a, b) => { first.value = runs.indexOf(a); second.value = runs.indexOf(b); show(); };
  form.hidden = false;
  show();
}

function readBoardAddress() {
  const text = decodeURIComponent(location.hash.slice(1)), parts = new URLSearchParams(location.hash.slice(1));
  const target = document.getElementById(parts.get("in") ?? text);
  if (!target) return;
  const panel = target.closest(".tab-panel");
  if (panel) showTab(panel.id);
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  const form = parts.get("in") && target.querySelector(".comparing");
  if (form) form.choose(parts.get("first"), parts.get("second"));
  (form || target).scrollIntoView({ block: "start" });
}

listenTabs();
document.querySelectorAll(".board-section").forEach(listenOthers);
document.querySelectorAll(".comparing").forEach(listenPairs);
window.addEventListener("hashchange", readBoardAddress);
window.addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("details")) details.open = true; });
readBoardAddress();
document.documentElement.dataset.ready = "yes";
