
// The view, drawn once a second: orders, then circuits, each with its instances beside each other.
const PERIOD = 1000, PATIENCE = 5000;
const filter = $("#filter"), link = $("#link");
let view = null, heard = 0, refusal = "", told = new Set();

// The nodes below one node, by a name each: kept from one view to the next, so that nothing flickers and a selection stays.
function keep(parent, names, make, fill) {
  const nodes = (parent.kept ??= new Map());
  const wanted = new Set(names);
  for (const [name, node] of nodes) {
    if (wanted.has(name)) continue;
    node.remove();
    nodes.delete(name);
  }
  let place = parent.firstElementChild;
  for (const name of names) {
    let node = nodes.get(name);
    if (!node) nodes.set(name, (node = make(name)));
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
    fill(node, name);
  }
}

function drawOrders(orders, instances) {
  // A cancellation stands so that instances that come back hear of it; nothing is in force by it.
  const shown = new Map(orders.filter(({ what }) => !what.startsWith("cancel ")).map((order) => [order.version, order]));
  $("#orders").hidden = !shown.size;
  const make = () => {
    const node = element("li"), what = element("span", "", "what"), who = element("p"), how = element("p", "", "quiet"), bad = element("p", "", "bad");
    node.append(what, who, how, bad);
    return Object.assign(node, { parts: { what, who, how, bad } });
  };
  keep($("#orders ol"), [...shown.keys()].reverse(), make, ({ parts }, version) => {
    const order = shown.get(version), { words, refused } = reached(order, instances);
    const only = order.only ? `, only for ${order.only.join(", ")}` : "";
    text(parts.what, ordered(order.what) + only);
    text(parts.who, `by ${order.by} (${order.user})${order.why ? ": " + order.why : ""}`);
    text(parts.how, `until ${clock(heard + order.left_ms)}, ${duration(order.left_ms)} left; order ${version}; ${words}`);
    text(parts.bad, refused.length ? `refused by ${refused.join("; ")}` : "");
  });
  for (const [version, { what, by }] of shown) if (!told.has(version)) say(`order of ${by}: ${ordered(what)}`);
  told = new Set(shown.keys());
}

function drawCircuits(instances) {
  const circuits = new Map(), wanted = filter.value.trim().toLowerCase();
  for (const instance of instances) {
    for (const circuit of instance.circuits.map(reported)) {
      if (!circuits.has(circuit.name)) circuits.set(circuit.name, new Map());
      circuits.get(circuit.name).set(instance.name, circuit);
    }
  }
  const worst = (name) => Math.min(...[...circuits.get(name).values()].map(rank));
  const names = [...circuits.keys()].filter((name) => name.toLowerCase().includes(wanted));
  names.sort((a, b) => worst(a) - worst(b) || a.localeCompare(b, "en"));
  keep($("#circuits"), names, makeCircuit, ({ parts }, name) => {
    const shown = circuits.get(name), all = [...shown.values()];
    text(parts.counts, counted(all));
    text(parts.calls, `${number(all.reduce((sum, c) => sum + c.calls, 0))} calls/s`);
    keep(parts.instances, [...shown.keys()], makeInstance, (node, instance) => drawInstance(node, shown.get(instance)));
  });
  const empty = $("#empty");
  empty.hidden = names.length > 0;
  text(empty, circuits.size ? "No circuit matches." : "No instance shows a circuit.");
  return circuits;
}

function makeCircuit(name) {
  const node = element("section", "", "circuit"), title = element("div", "", "title");
  const counts = element("span"), calls = element("span", "", "calls"), instances = element("ul", "", "instances");
  title.append(element("h3", name), counts, calls);
  node.append(title, instances);
  return Object.assign(node, { parts: { counts, calls, instances } });
}

function makeInstance(name) {
  const node = element("li", "", "instance"), line = element("p", "", "line");
  const state = element("span", "", "state"), mode = element("span", "", "mode"), numbers = element("p", "", "figures"), keys = element("p", "", "figures");
  line.append(state, mode);
  node.append(element("p", name), line, numbers, keys);
  return Object.assign(node, { parts: { state, mode, numbers, keys } });
}

function drawInstance(node, c) {
  const { state, mode, numbers, keys } = node.parts;
  const forced = c.mode === "forced-open" ? " forced" : "";
  node.className = "instance " + (STATES.includes(c.state) ? c.state : "") + forced;
  text(state, c.state);
  mode.hidden = c.mode === "normal";
  mode.className = "mode" + forced;
  text(mode, modeOf(c));
  text(numbers, figures(c));
  text(keys, c.keys.length ? `open: ${c.keys.join(", ")}` : "");
}

function draw() {
  if (!view) return;
  const { instances, orders } = view;
  const silent = instances.filter((instance) => instance.silent).map(({ name }) => name);
  const cut = instances.filter((instance) => instance.left_out).map(({ name, left_out }) => `${name}: ${number(left_out)}`);
  const apart = instances.filter((instance) => instance.cannot_share).map(({ name, cannot_share }) => `${name}: ${cannot_share}`);
  drawOrders(orders, instances);
  const circuits = drawCircuits(instances);
  text($("#sum"), `${several(instances.length, "instance")}, ${several(circuits.size, "circuit")}`);
  $("#silent").hidden = !silent.length;
  text($("#silent"), `Silent for more than five seconds: ${silent.join(", ")}`);
  $("#apart").hidden = !apart.length;
  text($("#apart"), `Can't share what their circuits see: ${apart.join("; ")}`);
  $("#left-out").hidden = !cut.length;
  text($("#left-out"), `Circuits that had no room in a report: ${cut.join(", ")}`);
  const open = [...circuits.values()].filter((shown) => [...shown.values()].some((c) => rank(c) < 1)).length;
  document.title = open ? `(${open} open) Fleet` : "Fleet";
}

async function ask() {
  try {
    const headers = { accept: "application/json" };
    const response = await fetch(location.pathname, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    view = answer;
    heard = Date.now();
    refusal = "";
  } catch (error) {
    refusal = error instanceof TypeError || error.name === "TimeoutError" ? "no answer from the server" : error.message;
  }
  const lost = refusal !== "";
  if (lost !== link.classList.contains("lost")) say(lost ? refusal : "The fleet is live again.");
  link.classList.toggle("lost", lost);
  text(link, lost && heard ? `${refusal}; as of ${clock(heard)}` : refusal || "live");
  if (!lost) draw();
}

// One question after the other, and none while nobody looks.
async function follow() {
  for (;;) {
    if (!document.hidden) await ask();
    await new Promise((done) => setTimeout(done, PERIOD));
  }
}

let clearing = 0;
function say(sentence) {
  text($("#said"), sentence);
  clearTimeout(clearing);
  clearing = setTimeout(() => text($("#said"), ""), 10_000);
}

filter.addEventListener("input", draw);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== filter && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  }
});
follow();
