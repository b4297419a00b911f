// SVG and CSV of every figure, made here: nothing is fetched.
const PAINT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity", "font-size", "font-family",
  "font-weight", "text-anchor"];

function save(name, type, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// A drawing that needs no style sheet: what the page's gives each element is written into it.
function standaloneSvg(svg) {
  const copy = svg.cloneNode(true), from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const key of PAINT) to[i].style.setProperty(key, style.getPropertyValue(key));
    to[i].removeAttribute("class");
  });
  copy.removeAttribute("class");
  const box = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  copy.style.background = getComputedStyle(document.documentElement).getPropertyValue("--card");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

const csvCell = (v) => (v == null ? "" : /[",\n]/.test(v) ? `"${String(v).replaceAll('"', '""')}"` : v);
const csvText = (rows) => rows.map((row) => row.map(csvCell).join(",")).join("\n") + "\n";

function framesCsv() {
  const heads = ["sequence", "frame", "segment", "time_ms", "x_m", "y_m", "truth"];
  const many = data.runs.length > 1;
  for (const run of data.runs) heads.push(...["answer", "outcome", "points", "object_points", "confidence", "latency_us"].map((h) => (many ? `${run.name} ${h}` : h)));
  const rows = data.index.map((index, k) => [data.sequences[data.sequence[k]], index, data.segment[k], data.time_ms[k], data.x_m && data.x_m[k], data.y_m && data.y_m[k], roomName(data.truth[k], ""),
    ...data.runs.flatMap((run) => [roomName(run.answer[k], ""), outcomeName(run.outcome[k]), run.points[k], run.object_points[k], run.confidence[k], run.latency_us[k]])]);
  return csvText([heads, ...rows]);
}

function listenExports() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-get]");
    if (!button) return;
    const figure = button.closest("figure"), template = figure.querySelector("template");
    const name = ((template || figure).dataset.name || "figure").toLowerCase().replace(/[^a-z0-9]+/g, "_");
    if (button.dataset.get === "csv") save(`${name}.csv`, "text/csv", template ? template.content.textContent : framesCsv());
    else save(`${name}.svg`, "image/svg+xml", standaloneSvg(figure.querySelector(".plot-area svg, svg:not(.overview svg)")));
  });
}
