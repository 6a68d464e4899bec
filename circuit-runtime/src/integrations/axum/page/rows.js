
// The rows: one circuit each, the worst first.
const opened = new Set();
let focused = null, unsorted = false;

function make(id) {
  const root = $("#circuit").content.firstElementChild.cloneNode(true);
  const row = $(".row", root), more = $(".more", root);
  const circuit = { id, root, row, more, samples: [], recent: [], shown: true, state: null, severity: null, trackAt: 0, image: "" };
  circuit.parts = {
    state: $(".state", row), word: $(".state > span", row), name: $(".name", row), mode: $(".mode", row), why: $(".why", row),
    track: $(".track", row), past: $(".c-track .said", row), failing: $(".failing", row), failingText: $(".failing .text", row),
    failingMeter: $(".failing .meter", row), failingBar: $(".failing i", row), calls: $(".c-calls .text", row),
    rejected: $(".c-rejected .text", row), wait: $(".wait", row), waitText: $(".wait .text", row), waitMeter: $(".wait .meter", row), waitBar: $(".wait i", row),
  };
  row.addEventListener("click", () => expand(circuit, more.hidden));
  if (control) addActions(circuit);
  addKeys(circuit);
  circuits.set(id, circuit);
  unsorted = true;
  return circuit;
}

function expand(circuit, open) {
  circuit.more.hidden = !open;
  circuit.row.setAttribute("aria-expanded", String(open));
  opened[open ? "add" : "delete"](circuit.now.name);
  if (open) {
    drawMore(circuit);
    ask(circuit);
  }
}

// Another process has begun: nothing that is known holds, but what is open, and where the keyboard is, stays.
function beginAnew() {
  focused = list.contains(document.activeElement) ? document.activeElement.closest(".circuit")?.dataset.name : null;
  for (const { root } of circuits.values()) root.remove();
  circuits.clear();
}

function draw(circuit, now) {
  const { parts, now: c } = circuit;
  // Of a sum over keys it is the first deadline, after which others may still be open.
  const passed = circuit.deadline !== null && circuit.deadline <= now && !c.keyed;
  const state = c.state === "open" && passed ? "half-open" : c.state;
  if (circuit.dirty || state !== circuit.state) drawWords(circuit, state);
  const [calls, rejected] = rates(circuit, now);
  text(parts.calls, perSecond(calls));
  parts.calls.classList.toggle("quiet", calls === 0);
  text(parts.rejected, perSecond(rejected));
  parts.rejected.classList.toggle("quiet", rejected === 0);
  circuit.moves = calls > 0 || rejected > 0;

  // No probe while it is forced open.
  const waits = state !== "closed" && c.mode !== "forced-open";
  const left = waits && circuit.deadline !== null ? Math.max(circuit.deadline - now, 0) : 0;
  const last = circuit.recent.at(-1);
  const whole = Math.max(last ? circuit.deadline - ahead - last.time : left, left, 1);
  text(parts.waitText, left ? duration(left) : waits ? "next call" : "–");
  parts.wait.classList.toggle("quiet", !waits);
  parts.waitMeter.hidden = !left || left > 3.6e9;
  if (!parts.waitMeter.hidden) parts.waitBar.style.width = (left / whole) * 100 + "%";
  drawTrack(circuit);
  circuit.dirty = false;
}

// What changes only when the server says so.
function drawWords(circuit, state) {
  const { parts, row, root, now: c } = circuit, isNew = circuit.state === null;
  circuit.state = state;
  parts.state.className = "state " + state;
  text(parts.word, state);
  text(parts.name, c.name);
  root.dataset.name = c.name;
  if (isNew && opened.has(c.name)) expand(circuit, true);
  if (isNew && focused === c.name) circuit.takesFocus = true;
  parts.mode.hidden = c.mode === "normal";
  parts.mode.className = "mode " + c.mode;
  text(parts.mode, c.mode.replace("-", " "));
  const words = why(circuit);
  parts.why.hidden = !words;
  text(parts.why, words);
  const rate = c.window?.failure_rate ?? null;
  text(parts.failingText, failing(c));
  parts.failing.classList.toggle("quiet", !(rate ?? c.failures_in_a_row));
  parts.failing.classList.toggle("hot", (rate ?? 0) > 0);
  parts.failingMeter.hidden = !rate;
  parts.failingBar.style.width = (rate ?? 0) * 100 + "%";
  const rank = severity(circuit);
  if (rank !== circuit.severity) unsorted = true;
  circuit.severity = rank;
}

// The reason of a mode before that of a state, which decides nothing meanwhile, but in shadow.
function why({ now: c, state, recent }) {
  const words = [], change = c.mode_change, last = recent.at(-1);
  if (c.mode !== "normal" && change) words.push(`${c.mode.replace("-", " ")} since ${clock(change.at)}${change.by ? " by " + change.by : ""}`);
  const shadow = c.mode === "shadow";
  if (state === "closed" && c.ramp !== null) words.push(`${shadow ? "would let" : "lets"} ${Math.round(c.ramp * 100)} % of calls pass`);
  if (state === "closed" && c.throttle !== null) words.push(`${shadow ? "would reject" : "rejects"} ${Math.round(c.throttle * 100)} % of calls`);
  if (state !== "closed" && last && (c.mode === "normal" || c.mode === "shadow")) words.push((last.key ? last.key + ": " : "") + last.reason.text);
  return words.join("; ");
}

const COLORS = ["var(--unknown)", ...STATES.map((state) => `var(--${state === "half-open" ? "half" : state}-soft)`)];
// A stripe of hard stops, so that hundreds of rows stay cheap; it moves on by whole columns.
function drawTrack(circuit) {
  const width = span / COLUMNS, end = Math.ceil(serverNow() / 1000 / width) * width;
  if (!circuit.dirty && circuit.trackAt === end) return;
  circuit.trackAt = end;
  const found = columns(circuit, end), stops = [];
  for (let from = 0, to; from < COLUMNS; from = to) {
    for (to = from + 1; to < COLUMNS && found[to] === found[from]; to++);
    const at = (column) => ((column / COLUMNS) * 100).toFixed(2) + "%";
    stops.push(`${COLORS[found[from] + 1]} ${at(from)} ${at(to)}`);
  }
  const image = `linear-gradient(to right, ${stops.join(", ")})`;
  if (circuit.image === image) return;
  circuit.image = image;
  circuit.parts.track.style.background = image;
  const bad = found.filter((state) => state > 0).length / COLUMNS;
  text(circuit.parts.past, bad ? `, not closed for ${percent(bad)} of the timeline` : "");
}

function drawAll() {
  const now = Date.now(), wanted = filter.value.trim().toLowerCase(), counts = { open: 0, "half-open": 0, closed: 0 };
  for (const circuit of circuits.values()) {
    draw(circuit, now);
    counts[circuit.state] += 1;
    circuit.shown = circuit.now.name.toLowerCase().includes(wanted) && (!only || circuit.state === only);
    if (circuit.root.hidden === circuit.shown) circuit.root.hidden = !circuit.shown;
  }
  for (const chip of document.querySelectorAll(".chip")) {
    text($("b", chip), number(counts[chip.dataset.state]));
    chip.classList.toggle("some", counts[chip.dataset.state] > 0);
  }
  const shown = [...circuits.values()].some((circuit) => circuit.shown);
  $("#empty").hidden = shown;
  if (!shown && process) text($("#empty"), circuits.size ? "No circuit matches." : "No circuit has been used yet.");
  order();
  document.title = counts.open ? `(${counts.open} open) Circuits` : "Circuits";
}

// Worst first; but nothing moves away from under a pointer or a keyboard.
const collator = new Intl.Collator("en");
function order() {
  const held = list.matches(":hover") || list.contains(document.activeElement);
  if (!unsorted) return;
  const sorted = [...circuits.values()].sort((a, b) => a.severity - b.severity || collator.compare(a.now.name, b.now.name) || a.id - b.id);
  if (held) {
    for (const circuit of sorted) if (!circuit.root.isConnected) list.append(circuit.root);
    return;
  }
  unsorted = false;
  let place = list.firstElementChild;
  for (const { root } of sorted) {
    if (place === root) place = place.nextElementSibling;
    else list.insertBefore(root, place);
  }
  const next = sorted.find((circuit) => circuit.takesFocus);
  if (next) {
    next.takesFocus = false;
    if (document.activeElement === document.body) next.row.focus({ preventScroll: true });
  }
}
