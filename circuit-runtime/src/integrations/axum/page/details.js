
// What lies under a row: figures, configuration, keys, and buttons.
const COUNTERS = ["successes", "failures", "timed_out", "panicked", "slow", "ignored", "cancelled", "rejected", "late", "fallbacks", "unprotected", "in_flight", "transitions"];
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
    const modes = found.mode_changes.reverse().map((change) => event(change.at, change.mode.replace("-", " "), change.by ? "by " + change.by : ""));
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
  const keys = circuit.keys = { offset: 0, filter: "", again: false }, { more } = circuit;
  const change = (offset) => {
    keys.offset = Math.max(offset, 0);
    keys.again = Boolean(circuit.asking);
    ask(circuit);
  };
  $(".keys input", more).addEventListener("input", (event) => { keys.filter = event.target.value.trim(); change(0); });
  $(".previous", more).addEventListener("click", () => change(keys.offset - SHOWN_KEYS));
  $(".next", more).addEventListener("click", () => change(keys.offset + SHOWN_KEYS));
}

function drawKeys({ more, keys }, { total, matching, offset, shown }) {
  $(".keys", more).hidden = false;
  const range = shown.length ? `${number(offset + 1)} to ${number(offset + shown.length)} of ${number(matching)}` : "none";
  text($(".count", more), matching === total ? range : `${range} that match, ${number(total)} in all`);
  $(".previous", more).disabled = offset === 0;
  $(".next", more).disabled = offset + shown.length >= matching;
  if (offset > 0 && !shown.length) keys.offset = 0;
  $("tbody", more).replaceChildren(...shown.map((c) => {
    const row = document.createElement("tr"), wait = c.state === "closed" ? "–" : c.retry_after_ms ? duration(c.retry_after_ms) : "next call";
    row.append(element("td", c.key), element("td", c.state, c.state), ...[failing(c), short(c.successes), short(c.failures), short(c.rejected), wait].map((cell) => element("td", cell)));
    return row;
  }));
}

function addActions(circuit) {
  const actions = $(".actions", circuit.more), said = document.createElement("output");
  actions.hidden = false;
  for (const [action, label] of ACTIONS) actions.append(actionButton(circuit, action, label, said));
  actions.append(said);
}

// What changes the traffic of a service is asked for twice.
function actionButton(circuit, action, label, said) {
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
      const response = await fetch(encodeURIComponent(circuit.now.name) + "/" + action, { method: "POST", headers: { "content-type": "application/json" } });
      if (!response.ok) said.textContent = (await response.json()).error;
      ask(circuit);
    } catch {
      said.textContent = "The server didn't answer.";
    }
  });
  return button;
}
