"use strict";
// What the page knows: columns of frames, the cursor, the window, the frames chosen by the filters.
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const N = data.index.length;
const ABSENT = -2;
const WRONG = data.outcomes.indexOf("wrong"), CORRECT = data.outcomes.indexOf("correct");
const ROOM_COLORS = 24; // in page.css, which the figures read, too
const state = { cursor: 0, from: 0, to: N, run: 0, chosen: [], pictures: {}, pictured: [] };
const listeners = { cursor: [], window: [], chosen: [], run: [], tab: [] };
const tell = (what) => listeners[what].forEach((f) => f());
const on = (whats, f) => whats.split(" ").forEach((what) => listeners[what].push(f));

function roomColor(code) {
  if (code < 0) return "var(--unscored)";
  return `var(--room-${data.labels[code] === data.unknown[0] ? "unknown" : code % ROOM_COLORS})`;
}
const roomName = (code, none) => (code < 0 ? none : data.labels[code]);
const outcomeName = (code) => (code === ABSENT ? "not in this run" : code < 0 ? "unscored" : data.outcomes[code]);
const outcomeColor = (code) => `var(--${code < 0 ? "unscored" : data.outcomes[code]})`;
const earned = (run, k) => signed(run.points[k] || 0)
  + (data.objects.length && run.object_points[k] != null ? ` (room ${signed(run.points[k] - run.object_points[k])}, objects ${signed(run.object_points[k])})` : "");
const signed = (v) => (v > 0 ? "+" : v < 0 ? "\u2212" : "") + Math.abs(v).toLocaleString("en", { maximumFractionDigits: 3 });
const short = (v) => v.toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "\u2212");
const clamp = (v, low, high) => Math.min(high, Math.max(low, v));

function make(tag, attributes, ...children) {
  const isSvg = ["svg", "g", "path", "rect", "line", "text", "title", "circle"].includes(tag);
  const node = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) if (value != null) node.setAttribute(key, value);
  node.append(...children.filter((c) => c != null));
  return node;
}

function setCursor(k) {
  k = clamp(Math.round(k), 0, N - 1);
  if (k === state.cursor) return;
  state.cursor = k;
  if (k < state.from || k >= state.to) {
    const n = state.to - state.from;
    state.from = clamp(k - (n >> 1), 0, N - n);
    state.to = state.from + n;
    tell("window");
  }
  tell("cursor");
}

function setWindow(from, to) {
  const least = Math.min(N, 8);
  const n = clamp(Math.round(to - from), least, N);
  state.from = clamp(Math.round(from), 0, N - n);
  state.to = state.from + n;
  tell("window");
}

function zoom(factor, around) {
  const n = (state.to - state.from) * factor;
  const share = (around - state.from) / (state.to - state.from);
  setWindow(around - n * share, around + n * (1 - share));
}

function step(direction) {
  const { chosen, cursor } = state;
  const next = direction > 0 ? chosen.find((k) => k > cursor) : chosen.findLast((k) => k < cursor);
  if (next !== undefined) setCursor(next);
}
