
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

// The worst first; a state that this page doesn't know comes after open.
const rank = ({ state, mode }) => (mode === "forced-open" ? -1 : STATES.includes(state) ? STATES.indexOf(state) : 0.5);
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

// An order is settings as JSON, or words. What isn't of that form is shown as it is.
function ordered(what) {
  const parts = [];
  try {
    for (const [circuit, { mode, ...options }] of Object.entries(JSON.parse(what).circuits)) {
      if (mode) parts.push(`${MODES[mode] ?? mode} ${circuit}`);
      const said = Object.entries(options).map(([option, value]) => `${option} = ${typeof value === "string" ? value : JSON.stringify(value)}`);
      if (said.length) parts.push(`${circuit}: ${said.join(", ")}`);
    }
  } catch {
    return what;
  }
  return parts.join("; ") || what;
}

// A circuit as an instance reports it. Another version of the library, or another language, may leave something out.
function reported(circuit) {
  const c = circuit ?? {}, word = (value, missing) => (typeof value === "string" ? value : missing);
  const count = (value) => (Number.isFinite(value) ? value : 0);
  return {
    name: word(c.name, "?"), state: word(c.state, "unknown"), mode: word(c.mode, "normal"),
    calls: count(c.calls_a_second), rejected: count(c.rejected), run: count(c.failures_in_a_row),
    rate: Number.isFinite(c.window?.failure_rate) ? c.window.failure_rate : null,
    wait: Number.isFinite(c.retry_after_ms) ? c.retry_after_ms : null,
    keys: Array.isArray(c.open_keys) ? c.open_keys.map(String) : [],
  };
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
  const words = [`${number(c.calls)} calls/s`];
  if (c.rate !== null) words.push(`${percent(c.rate)} failing`);
  else if (c.run) words.push(`${several(c.run, "failure")} in a row`);
  if (c.state !== "closed" && c.mode !== "forced-open" && c.wait !== null) words.push(`probe in ${duration(c.wait)}`);
  if (c.rejected) words.push(`${number(c.rejected)} rejected`);
  // Lines break between the figures, not within one.
  return words.map((word) => word.replaceAll(" ", "\u00a0")).join(" · ");
}
