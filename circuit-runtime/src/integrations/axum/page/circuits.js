
"use strict";
// What is known of the circuits, and how it is put into words.
const $ = (selector, within = document) => within.querySelector(selector);
const list = $("#list"), filter = $("#filter"), link = $("#link"), note = $("#note");
const control = document.documentElement.dataset.control === "on";
const circuits = new Map();
// The numbers by which the server names states in a timeline.
const STATES = ["closed", "half-open", "open"];
const SEVERITY = { open: 0, "half-open": 1, closed: 2 };
const RATE_OVER = 10_000, LISTED = 16, DAY = 86_400, MOMENTS = 5_000;
let only = null, span = 300, process = null;
// How far this clock is ahead of the server's, in milliseconds.
let ahead = 0;
const serverNow = () => Date.now() - ahead;

// Setting what is there already would still cost a layout.
const text = (node, value) => { if (node.textContent !== value) node.textContent = value; };
const element = (name, content, className = "") => Object.assign(document.createElement(name), { textContent: content, className });
const formats = new Map();
function format(value, digits, notation = "standard") {
  const key = digits + notation;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat("en", { maximumFractionDigits: digits, notation }));
  return formats.get(key).format(value);
}
const number = (n) => format(n, 0);
// In a column: 9,999 and 12.3K. The details have the whole figure.
const short = (n) => (n < 10_000 ? number(n) : format(n, 1, "compact"));
const percent = (rate) => format(rate * 100, rate < .1 ? 1 : 0) + "%";
const perSecond = (rate) => (rate === 0 ? "–" : rate < 10 ? format(rate, 1) : short(rate));
function duration(ms) {
  if (ms >= 3.6e9) return "for good";
  const s = Math.ceil(ms / 1000);
  if (s < 100) return s + " s";
  return s < 6000 ? Math.ceil(s / 60) + " min" : Math.ceil(s / 3600) + " h";
}
const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
const failing = (c) => {
  if (c.window) return c.window.failure_rate === null ? "–" : `${percent(c.window.failure_rate)} of ${short(c.window.calls)}`;
  return c.failures_in_a_row ? `${short(c.failures_in_a_row)} in a row` : "–";
};

function hear(change) {
  const now = Date.now(), before = circuits.get(change.id), circuit = before ?? make(change.id);
  const { recent_transitions: transitions, timeline, ...present } = change;
  circuit.now = present;
  circuit.dirty = true;
  // An open circuit without a wait is open for good.
  circuit.deadline = present.retry_after_ms !== null ? now + present.retry_after_ms : present.state === "open" ? Infinity : null;
  if (transitions) {
    const last = circuit.recent.at(-1);
    circuit.recent = transitions.map((t) => ({ ...t, time: Date.parse(t.at) }));
    const latest = circuit.recent.at(-1);
    if (before && latest && (latest.number !== last?.number || latest.key !== last?.key)) tell(latest);
  }
  if (timeline) remember(circuit, timeline);
  // A rejected call of a circuit in shadow runs, but is counted in `rejected` alone.
  const calls = present.successes + present.failures + present.ignored + present.late + present.unprotected;
  circuit.samples.push({ at: now, calls, rejected: present.rejected });
}

// The server keeps five minutes; what it said before is kept here, for as long as a day.
function remember(circuit, { since, before, moments }) {
  const past = circuit.past ??= { since, before, moments: [] };
  if (moments.length) {
    const from = moments[0][0];
    while (past.moments.length && past.moments.at(-1)[0] >= from) past.moments.pop();
    past.moments.push(...moments);
  }
  const oldest = serverNow() / 1000 - DAY;
  while (past.moments.length > MOMENTS || past.moments[0]?.[0] < oldest) {
    const [second, , last] = past.moments.shift();
    past.since = second + 1;
    past.before = last;
  }
}

// The worst state in each column of the timeline; -1: not recorded.
const COLUMNS = 240;
function columns(circuit, end) {
  const found = new Int8Array(COLUMNS).fill(-1), begin = end - span, width = span / COLUMNS;
  const fill = (from, until, state) => {
    const first = Math.max(Math.floor((from - begin) / width), 0), last = Math.min(Math.ceil((until - begin) / width), COLUMNS);
    for (let column = first; column < last; column++) if (found[column] < state) found[column] = state;
  };
  const { since, before, moments } = circuit.past ?? { since: serverNow() / 1000, before: 0, moments: [] };
  let from = since, state = before;
  for (const [second, worst, last] of moments) {
    fill(from, second, state);
    fill(second, second + 1, worst);
    from = second + 1;
    state = last;
  }
  // An open circuit whose wait is over is half-open before the server says so.
  const over = state === 2 && circuit.state === "half-open" && circuit.deadline !== null ? (circuit.deadline - ahead) / 1000 : Infinity;
  fill(from, Math.min(end, over), state);
  fill(Math.max(from, over), end, 1);
  return found;
}

function severity({ now: { state, mode, failures_in_a_row: run } }) {
  if (mode === "forced-open") return -1;
  if (state !== "closed") return SEVERITY[state];
  return mode !== "normal" ? 1.5 : run > 0 ? 1.8 : 2;
}

function rates({ samples }, now) {
  const first = samples.findIndex((sample) => sample.at > now - RATE_OVER);
  if (first > 1) samples.splice(0, first - 1);
  if (first < 0) samples.splice(0, samples.length - 1);
  const [from, to] = [samples[0], samples.at(-1)];
  if (samples.length < 2 || now - to.at > RATE_OVER) return [0, 0];
  const seconds = Math.max(now - from.at, 1000) / 1000;
  // Counters never go back in one process.
  return [(to.calls - from.calls) / seconds, (to.rejected - from.rejected) / seconds];
}
