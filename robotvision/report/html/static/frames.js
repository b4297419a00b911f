// Filters, and the frames they choose as cards with thumbnails.
const PAGE = 60;
let shown = PAGE;

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
  shown = PAGE;
  tell("chosen");
}

function card(k) {
  const run = data.runs[state.run];
  const picture = state.pictures[k] && Object.values(state.pictures[k])[0];
  const isRight = run.outcome[k] === CORRECT;
  const answer = roomName(run.answer[k], run.late_answer[k] === undefined ? "no answer" : `${roomName(run.late_answer[k], "?")}, ${outcomeName(run.outcome[k])}`);
  const image = picture ? make("img", { src: picture, alt: "", decoding: "async" }) : make("span", { class: "blank" }, "no picture");
  const words = make("span", { class: "words" }, `${data.index[k]} · ${roomName(data.truth[k], "not known")} `,
    isRight ? "" : make("s", {}, `→ ${answer} `), make("b", {}, earned(run, k)));
  words.style.display = "block";
  const button = make("button", { type: "button", class: `o-${outcomeName(run.outcome[k])}`, "aria-label": describe(k) }, image, words);
  button.addEventListener("click", () => { setCursor(k); showCursor(); $("timeline").scrollIntoView({ block: "start" }); $("scrub").focus({ preventScroll: true }); });
  return make("li", { "data-k": k }, button);
}

function showCards() {
  const { chosen } = state;
  $("cards").replaceChildren(...chosen.slice(0, shown).map(card));
  $("count").textContent = `${chosen.length.toLocaleString("en")} of ${N.toLocaleString("en")} frames`;
  $("more").hidden = chosen.length <= shown;
  $("more").textContent = `show more (${(chosen.length - shown).toLocaleString("en")} left)`;
}

function showMore() {
  const before = shown;
  shown += PAGE * 2;
  $("cards").append(...state.chosen.slice(before, shown).map(card));
  $("more").hidden = state.chosen.length <= shown;
  $("more").textContent = `show more (${(state.chosen.length - shown).toLocaleString("en")} left)`;
}

function fillSegments() {
  const select = $("filters").elements.segment;
  const kept = select.value, segments = [...new Set(data.segment)].sort((a, b) => a - b);
  select.replaceChildren(make("option", { value: "" }, "any"), ...segments.map((s) => make("option", { value: s }, s)));
  select.value = kept;
}
