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

// A colour as every reader of SVG knows it, whatever the page mixed it from.
function plainColor(color) {
  const brush = new OffscreenCanvas(1, 1).getContext("2d");
  brush.fillStyle = color;
  brush.fillRect(0, 0, 1, 1);
  const [r, g, b, alpha] = brush.getImageData(0, 0, 1, 1).data;
  return { color: `rgb(${r},${g},${b})`, alpha: alpha / 255 };
}

// A table as a drawing: each box, frame and text where the page has laid it out.
function tableSvg(table) {
  const root = make("svg"), draw = make("g"), all = [];
  const put = (name, box, values) => {
    all.push(box);
    draw.append(make(name, values));
  };
  for (const element of table.querySelectorAll("*")) {
    if (element.closest(".sr, caption")) continue;
    const style = getComputedStyle(element), box = element.getBoundingClientRect(), fill = plainColor(style.backgroundColor);
    const frame = parseFloat(style.outlineWidth) && style.outlineStyle !== "none" ? plainColor(style.outlineColor) : null;
    if (fill.alpha || frame) {
      put("rect", box, { x: box.x, y: box.y, width: box.width, height: box.height, fill: fill.color, "fill-opacity": fill.alpha,
        ...(frame && { stroke: frame.color, "stroke-width": style.outlineWidth, "stroke-dasharray": style.outlineStyle === "dashed" ? "4 3" : "none" }) });
    }
    const turn = style.transform === "none" ? null : new DOMMatrix(style.transform);
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const at = range.getBoundingClientRect(), x = at.x + at.width / 2, y = at.y + at.height / 2;
      const text = { x, y, "text-anchor": "middle", "dominant-baseline": "central", fill: plainColor(style.color).color, "font-size": style.fontSize,
        "font-weight": style.fontWeight, "font-family": style.fontFamily };
      if (turn) text.transform = `rotate(${Math.round((Math.atan2(turn.b, turn.a) * 180) / Math.PI)} ${x} ${y})`;
      put("text", at, text);
      draw.lastChild.textContent = node.data.trim();
    }
  }
  const left = Math.min(...all.map((b) => b.left)), top = Math.min(...all.map((b) => b.top));
  const width = Math.max(...all.map((b) => b.right)) - left, height = Math.max(...all.map((b) => b.bottom)) - top;
  draw.setAttribute("transform", `translate(${-left} ${-top})`);
  root.append(draw);
  for (const [key, v] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` })) root.setAttribute(key, v);
  root.style.background = getComputedStyle(document.documentElement).getPropertyValue("--card");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(root)}\n`;
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

function drawingOf(figure) {
  const svg = figure.querySelector(".plot-area svg, svg:not(.overview svg)");
  return svg ? standaloneSvg(svg) : tableSvg(figure.querySelector("table"));
}

// What each figure's files are called: no two alike, whatever runs and figures are named.
function fileNames() {
  const names = new Map(), taken = new Set();
  for (const figure of document.querySelectorAll("figure:has([data-get])")) {
    const template = figure.querySelector("template");
    const name = ((template || figure).dataset.name || "figure").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_");
    let free = name;
    for (let n = 2; taken.has(free); n++) free = `${name}_${n}`;
    taken.add(free);
    names.set(figure, free);
  }
  return names;
}

function listenExports() {
  const names = fileNames();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-get]");
    if (!button) return;
    const figure = button.closest("figure"), template = figure.querySelector("template");
    const name = names.get(figure);
    if (button.dataset.get === "csv") save(`${name}.csv`, "text/csv", template ? template.content.textContent : framesCsv());
    else save(`${name}.svg`, "image/svg+xml", drawingOf(figure));
  });
}
