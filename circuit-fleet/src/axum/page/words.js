
"use strict";
// What stands in the view, put into words.
const $ = (selector, within = document) => within.querySelector(selector);
const element = (name, content = "", className = "") => Object.assign(document.createElement(name), { textContent: content, className });
// Setting what is there already would still cost a layout.
const text = (node, value) => { if (node.textContent !== value) node.textContent = value; };
const number = (n) => new Intl.NumberFormat("en", { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
const several = (n, one, more = one + "s") => `${number(n)} ${n === 1 ? one : more}`;
const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
const percent = (rate) => number(rate * 100) + " %";
function duration(ms) {
  if (ms >= 3.6e9) return "for good";
  const s = Math.ceil(ms / 1000);
  if (s < 100) return s + " s";
  return s < 6000 ? Math.ceil(s / 60) + " min" : Math.ceil(s / 3600) + " h";
}

const STATES = ["open", "half-open", "closed"];
// An order's modes are written as in settings, a circuit's as in snapshots.
const MODES = { forced_open: "force open", disabled: "disable", shadow: "shadow", normal: "resume" };

const rank = ({ state, mode }) => (mode === "forced-open" ? -1 : STATES.indexOf(state));
const modeOf = ({ mode }) => mode.replace("-", " ");

// In how many instances a circuit is in which state, or in which mode if one lies over it: the worst first.
function counted(circuits) {
  const counts = new Map();
  for (const c of [...circuits].sort((a, b) => rank(a) - rank(b))) {
    const word = c.mode === "normal" ? c.state : modeOf(c);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${number(count)} ${word}`).join(", ");
}

// An order is settings as JSON, or words.
function ordered(what) {
  let settings;
  try { settings = JSON.parse(what); } catch { return what; }
  const parts = [];
  for (const [circuit, { mode, ...options }] of Object.entries(settings.circuits ?? {})) {
    if (mode) parts.push(`${MODES[mode] ?? mode} ${circuit}`);
    const said = Object.entries(options).map(([option, value]) => `${option} = ${typeof value === "string" ? value : JSON.stringify(value)}`);
    if (said.length) parts.push(`${circuit}: ${said.join(", ")}`);
  }
  return parts.join("; ") || what;
}

// How far an order has got.
function reached(order, instances) {
  const meant = instances.filter(({ name }) => !order.only || order.only.includes(name));
  const refused = [], silent = [];
  for (const { name, version, refused: refusals } of meant) {
    const refusal = refusals.find(([refusedVersion]) => refusedVersion === order.version);
    if (refusal) refused.push(`${name}: ${refusal[1]}`);
    else if (version < order.version) silent.push(name);
  }
  const parts = [`in force in ${number(meant.length - refused.length - silent.length)} of ${several(meant.length, "instance")}`];
  if (silent.length) parts.push(`not yet said by ${silent.join(", ")}`);
  return { words: parts.join(", "), refused };
}

function figures(c) {
  const words = [`${number(c.calls_a_second)} calls/s`];
  if (c.window && c.window.failure_rate !== null) words.push(`${percent(c.window.failure_rate)} failing`);
  else if (c.failures_in_a_row) words.push(`${several(c.failures_in_a_row, "failure")} in a row`);
  if (c.state !== "closed" && c.mode !== "forced-open" && c.retry_after_ms !== null) words.push(`probe in ${duration(c.retry_after_ms)}`);
  if (c.rejected) words.push(`${number(c.rejected)} rejected`);
  // Lines break between the figures, not within one.
  return words.map((word) => word.replaceAll(" ", "\u00a0")).join(" · ");
}
