
// The stream, what is said aloud, and the keyboard.
const SILENCE = 12_000, RETRY = [500, 1000, 3000];
let heard = 0, lastEvent = null, stream = null, failures = 0, refusal = "", noted = 0, seen = new Set();

function receive({ process: from, now, circuits: changes }) {
  ahead = Date.now() - now;
  if (process !== from) {
    if (process) {
      beginAnew();
      note.hidden = false;
      text(note, seen.has(from)
        ? `Several processes answer here in turn, each with circuits of its own. This one is ${from.slice(0, 6)}.`
        : `Another process answers since ${clock(Date.now())}, with circuits of its own: figures begin anew.`);
      say(note.textContent);
      clearTimeout(noted);
      if (!seen.has(from)) noted = setTimeout(() => (note.hidden = true), 60_000);
    }
    process = from;
    seen.add(from);
  }
  for (const change of changes) hear(change);
  for (const { id } of changes) { const circuit = circuits.get(id); if (!circuit.more.hidden) drawMore(circuit); }
}

// One stream after the other: the server ends each after some seconds, and the next goes on where it ended.
async function listen() {
  stream = new AbortController();
  try {
    const headers = lastEvent ? { "last-event-id": lastEvent } : {};
    const response = await fetch("events", { headers, cache: "no-store", signal: stream.signal });
    if (!response.ok || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
      refusal = `the server answers ${response.status}`;
      if (response.status === 503) refusal = (await response.json()).error;
      throw new Error(refusal);
    }
    refusal = "";
    failures = 0;
    const decoder = new TextDecoder();
    let rest = "";
    for (const reader = response.body.getReader(); ;) {
      const { value, done } = await reader.read();
      if (done) break;
      heard = Date.now();
      const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = events.pop();
      for (const event of events) take(event);
      drawAll();
    }
  } catch {
    failures += 1;
  }
  stream = null;
  if (!document.hidden) setTimeout(() => { if (!stream && !document.hidden) listen(); }, RETRY[Math.min(failures, RETRY.length - 1)]);
}

function take(event) {
  for (const line of event.split("\n")) {
    if (line.startsWith("id: ")) lastEvent = line.slice(4);
    if (line.startsWith("data: ")) receive(JSON.parse(line.slice(6)));
  }
}

setInterval(() => {
  if (document.hidden) return;
  const silent = Date.now() - heard;
  if (stream && heard && silent > SILENCE) stream.abort();
  const lost = refusal || (heard ? silent > SILENCE || (failures > 0 && silent > 4000) : failures > 0);
  if (Boolean(lost) !== link.classList.contains("lost")) say(lost ? refusal || "No answer from the server." : "The server answers again.");
  link.classList.toggle("lost", Boolean(lost));
  text(link, refusal || (lost ? (heard ? `no answer for ${duration(silent)}` : "no answer") : heard ? "live" : "connecting"));
  drawAll();
}, 500);
// While nobody looks, details needn't be asked for.
setInterval(() => {
  if (!document.hidden) for (const circuit of circuits.values()) if (!circuit.more.hidden) ask(circuit);
}, 3000);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return stream?.abort();
  for (const circuit of circuits.values()) circuit.samples = [];
  heard = Date.now();
  if (!stream) listen();
});

// At most a sentence every few seconds, and of one circuit one a minute: those that flap must not drown the others.
const told = new Map(), waiting = new Map();
function tell(t) {
  if ((told.get(t.circuit) ?? 0) > Date.now() - 60_000 || t.to === "half-open") return;
  waiting.set(t.circuit, `${t.circuit} ${t.to}: ${t.reason.text}`);
}
let clearing = 0;
function say(sentence) {
  text($("#said"), sentence);
  clearTimeout(clearing);
  clearing = setTimeout(() => text($("#said"), ""), 10_000);
}
setInterval(() => {
  if (!waiting.size) return;
  const [[, first]] = waiting, others = waiting.size - 1;
  say(others ? `${first}; ${number(others)} other circuits changed` : first);
  for (const name of waiting.keys()) told.set(name, Date.now());
  waiting.clear();
}, 5000);

for (const chip of document.querySelectorAll(".chip")) {
  chip.addEventListener("click", () => {
    only = only === chip.dataset.state ? null : chip.dataset.state;
    for (const each of document.querySelectorAll(".chip")) each.setAttribute("aria-pressed", String(each.dataset.state === only));
    drawAll();
  });
}
filter.addEventListener("input", drawAll);
$("#span").addEventListener("change", (event) => {
  span = Number(event.target.value);
  text($("#span-head"), "Last " + event.target.selectedOptions[0].textContent);
  drawAll();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const here = event.target.closest?.(".circuit"), typing = event.target.matches?.("input, select");
  if (event.key === "/" && !typing) { event.preventDefault(); filter.focus(); filter.select(); }
  if (event.key === "Escape" && event.target === filter) { event.preventDefault(); filter.value = ""; drawAll(); }
  if (event.key === "Escape" && here && event.target.value !== undefined && event.target.value !== "") return;
  if (event.key === "Escape" && here) {
    const circuit = [...circuits.values()].find(({ root }) => root === here);
    expand(circuit, false);
    circuit.row.focus();
  }
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches?.("select, .more input, .scroll")) {
    const rows = [...list.querySelectorAll(".circuit:not([hidden]) .row")];
    const at = rows.indexOf(here?.querySelector(".row"));
    const next = rows[event.key === "ArrowDown" ? at + 1 : at < 0 ? rows.length - 1 : at - 1];
    if (next) { event.preventDefault(); next.focus(); }
  }
});
listen();
