
// What lies under a row: figures, configuration, keys, and buttons.
const COUNTERS = ["successes", "failures", "timed_out", "stalled", "panicked", "slow", "ignored", "cancelled", "rejected", "late", "fallbacks", "stale", "unprotected", "in_flight", "waiting", "transitions"];
const ACTIONS = [["force-open", "Force open"], ["disable", "Disable"], ["shadow", "Shadow"], ["resume", "Resume"], ["reset", "Reset"]];
const SHOWN_KEYS = 20;

const pairs = (entries) => entries.flatMap(([term, value]) => [element("dt", term), element("dd", value)]);
const none = () => element("li", "none", "quiet");

function drawMore({ more, now: c, recent }) {
  const counters = COUNTERS.filter((name) => c[name] > 0 || name === "successes" || name === "failures");
  $(".counters", more).replaceChildren(...pairs(counters.map((name) => [name.replace("_", " "), number(c[name])])));
  const transitions = recent.slice(-LISTED).reverse().map((t) => event(t.at, t.to, (t.key ? t.key + ": " : "") + t.reason.text + (t.error ? "; " + t.error : ""), t.to));
  $(".transitions", more).replaceChildren(...(transitions.length ? transitions : [none()]));
}

function event(at, what, how, className = "") {
  const item = document.createElement("li"), time = element("time", clock(at));
  time.dateTime = at;
  time.title = new Date(at).toLocaleString();
  item.append(time, element("span", what, className), element("span", how));
  return item;
}

// The rest is asked for when somebody looks, and again while they look.
async function ask(circuit) {
  const { more, keys } = circuit, { name } = circuit.now;
  if (circuit.asking) return;
  circuit.asking = true;
  try {
    const query = new URLSearchParams({ name, offset: keys.offset, limit: SHOWN_KEYS, filter: keys.filter });
    const response = await fetch("../circuits?" + query, { cache: "no-store" });
    if (!response.ok) return;
    const [found] = await response.json();
    if (!found) return;
    $(".config", more).replaceChildren(...pairs(Object.entries(found.config).map(([option, value]) => [option, `${value} (${found.sources[option]})`])));
    const modes = found.mode_changes.reverse().map((change) => event(change.at, change.mode.replace("-", " "), (change.key ? change.key + " " : "") + (change.by ? "by " + change.by : "")));
    $(".modes", more).hidden = !modes.length;
    $(".modes ol", more).replaceChildren(...modes);
    if (found.keys) drawKeys(circuit, found.keys);
  } catch {
    // The stream says that the server doesn't answer.
  } finally {
    circuit.asking = false;
  }
  if (keys.again) {
    keys.again = false;
    ask(circuit);
  }
}

function addKeys(circuit) {
  const keys = circuit.keys = { offset: 0, filter: "", again: false, chosen: null }, { more } = circuit;
  const change = (offset) => {
    keys.offset = Math.max(offset, 0);
    keys.again = Boolean(circuit.asking);
    ask(circuit);
  };
  $(".keys input", more).addEventListener("input", (event) => { keys.filter = event.target.value.trim(); change(0); });
  $(".previous", more).addEventListener("click", () => change(keys.offset - SHOWN_KEYS));
  $(".next", more).addEventListener("click", () => change(keys.offset + SHOWN_KEYS));
}

function drawKeys(circuit, { total, matching, offset, shown }) {
  const { more, keys } = circuit;
  $(".keys", more).hidden = $(".all-keys", more).hidden = false;
  const range = shown.length ? `${number(offset + 1)} to ${number(offset + shown.length)} of ${number(matching)}` : "none";
  text($(".count", more), matching === total ? range : `${range} that match, ${number(total)} in all`);
  $(".previous", more).disabled = offset === 0;
  $(".next", more).disabled = offset + shown.length >= matching;
  if (offset > 0 && !shown.length) keys.offset = 0;
  const body = $("tbody", more), rows = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const drawn = shown.map((c) => drawKey(circuit, rows.get(c.key) ?? keyRow(circuit, c.key), c));
  // No row moves away from under a pointer or a keyboard, unless somebody asks for other keys.
  const held = body.matches(":hover") || body.contains(document.activeElement);
  const asked = keys.offset + keys.filter, isSame = drawn.length === body.rows.length && drawn.every((row, at) => row === body.rows[at]);
  if (!isSame && (!held || asked !== keys.drawn)) body.replaceChildren(...drawn);
  keys.drawn = asked;
}

function keyRow(circuit, key) {
  const row = document.createElement("tr"), state = document.createElement("td");
  row.dataset.key = key;
  state.append(element("span", ""), element("span", "", "mode"));
  row.append(element("td", key), state, ...Array.from({ length: 5 }, () => element("td", "")));
  if (control) {
    const choose = element("button", "Control"), cell = document.createElement("td");
    choose.setAttribute("aria-label", "Control " + key);
    choose.setAttribute("aria-pressed", String(circuit.keys.chosen === key));
    choose.addEventListener("click", () => chooseKey(circuit, circuit.keys.chosen === key ? null : key, choose));
    cell.append(choose);
    row.append(cell);
  }
  return row;
}

function drawKey(circuit, row, c) {
  const [, state, ...figures] = row.cells, [word, mode] = state.children;
  word.className = c.state;
  text(word, c.state);
  mode.hidden = c.mode === "normal";
  mode.className = "mode " + c.mode;
  text(mode, mode.hidden ? "" : c.mode.replace("-", " "));
  const waits = c.state !== "closed" && c.mode !== "forced-open";
  const left = c.retry_after_ms ?? (c.state === "open" ? Infinity : 0);
  const wait = !waits ? "–" : left ? duration(left) : "next call";
  [failing(c), short(c.successes), short(c.failures), short(c.rejected), wait].forEach((figure, at) => text(figures[at], figure));
  return row;
}

// One key's buttons stand above the table, where they stay while its rows change.
function chooseKey(circuit, key, from) {
  const { more, keys } = circuit, actions = $(".of-key", more);
  keys.chosen = key;
  for (const button of more.querySelectorAll("td button")) button.setAttribute("aria-pressed", String(key !== null && button === from));
  actions.hidden = key === null;
  actions.replaceChildren();
  if (key === null) return;
  actions.setAttribute("aria-label", "Control " + key);
  actions.append(element("span", key, "name"));
  fillActions(circuit, actions, (action) => `keys/${action}?` + new URLSearchParams({ key }));
  const done = element("button", "Done");
  done.addEventListener("click", () => {
    chooseKey(circuit, null);
    (from.isConnected ? from : circuit.row).focus();
  });
  actions.append(done);
  $("button", actions).focus();
}

function addActions(circuit) {
  const actions = $(".more > .actions", circuit.root);
  $(".keys tr", circuit.more).append(Object.assign(element("th", "Control"), { scope: "col" }));
  actions.hidden = false;
  fillActions(circuit, actions, (action) => action);
}

// The buttons of a circuit, or of one of its keys; `path` is where they send to, below the circuit.
function fillActions(circuit, actions, path) {
  const said = document.createElement("output");
  for (const [action, label] of ACTIONS) actions.append(actionButton(circuit, action, label, path(action), said));
  actions.append(said);
}

// What changes the traffic of a service is asked for twice.
function actionButton(circuit, action, label, path, said) {
  const button = document.createElement("button");
  let timer = 0;
  const calm = () => { clearTimeout(timer); timer = 0; button.className = ""; button.textContent = label; };
  calm();
  button.addEventListener("blur", calm);
  button.addEventListener("click", async () => {
    if (!timer && action !== "resume") {
      button.className = "sure";
      button.textContent = label + ": sure?";
      timer = setTimeout(calm, 4000);
      return;
    }
    calm();
    said.textContent = "";
    try {
      const response = await fetch(encodeURIComponent(circuit.now.name) + "/" + path, { method: "POST", headers: { "content-type": "application/json" } });
      if (!response.ok) said.textContent = (await response.json()).error;
      ask(circuit);
    } catch {
      said.textContent = "The server didn't answer.";
    }
  });
  return button;
}
