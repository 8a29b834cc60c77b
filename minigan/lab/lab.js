// The page of the laboratory: controls, time, source, curves, and the address that holds all settings.
"use strict";

const $ = id => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

const call = (name, values) => engine.call(name, values);

// --- What the page knows ---------------------------------------------------------------------------------

const COLUMNS = ["d_loss", "g_loss", "D(x)", "D(G(z))", "d_accuracy", "g_gradient", "diversity"];
const LAYERS = [["surface", "D's surface"], ["real", "real points"], ["fake", "generated points"],
  ["arrows", "−dL_G/dx"], ["grid", "G's warped grid"], ["centres", "centres"]];
const PARTS = { knobs: "settings", presets: "presets", source: "source", numbers: "curves", warnings: "warnings" };

const lab = {
  plane: new Plane($("plane")), frame: null, still: null, knobs: {}, presets: [], names: [],
  shown: Object.fromEntries(LAYERS.map(([name]) => [name, name !== "grid"])),
  hidden: new Set(), chosen: -1, drawing: null, cursor: [0, 0],
  running: false, busy: Promise.resolve(), last: 0,
  curves: null, counted: null, preset: null, written: "", more: {},
};
window.lab = lab;

function say(text, error = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", error);
}

// One command after the other: what is asked for while another one runs waits for it.
function inOrder(work) {
  lab.busy = lab.busy.then(work).catch(error => { pause(); say(error.message, true); });
  return lab.busy;
}

// --- Frames ----------------------------------------------------------------------------------------------

function forgetCurves() {
  lab.curves = { moment: [], ...Object.fromEntries(COLUMNS.map(name => [name, []])) };
  lab.counted = { moment: [], covered: [], kl: [] };
}

function cut(table, moment) {
  let n = table.moment.length;
  while (n && table.moment[n - 1] > moment) n--;
  for (const column of Object.values(table)) column.length = n;
}

function take(frame) {
  const before = lab.frame;
  if (frame.still) {
    lab.still = frame.still;
    forgetPoint(before && frame.fake.length !== before.fake.length);
    showSettings();
  }
  if (frame.moment === 0 && frame.last === 0) forgetCurves();
  if (frame.last < lab.last || frame.moment === frame.last) { cut(lab.curves, frame.last); cut(lab.counted, frame.last - 1); }
  lab.last = frame.last;
  const known = lab.curves.moment.at(-1) || 0;
  frame.curves.moment.forEach((moment, i) => {
    if (moment <= known) return;
    lab.curves.moment.push(moment);
    for (const name of COLUMNS) lab.curves[name].push(frame.curves[name][i]);
  });
  if (frame.modes && frame.moment > (lab.counted.moment.at(-1) ?? -1)) {
    lab.counted.moment.push(frame.moment); lab.counted.covered.push(frame.modes.covered); lab.counted.kl.push(frame.modes.kl);
  }
  lab.frame = frame;
  if (lab.chosen >= 0) lab.plane.trail = [...lab.plane.trail.slice(-300), frame.fake[lab.chosen]];
  show();
}

const since = () => (lab.curves && lab.curves.moment.at(-1) < lab.frame.moment) ? lab.curves.moment.at(-1) : lab.frame ? lab.frame.moment : 0;

function show() {
  const frame = lab.frame;
  if (!frame) return;
  lab.plane.draw(frame, lab.still, lab.shown, lab.chosen, lab.drawing || [], lab.drawing && document.activeElement === $("plane") ? lab.cursor : null);
  $("moment").min = frame.oldest; $("moment").max = frame.last; $("moment").value = frame.moment;
  $("moment-text").textContent = frame.moment;
  showPoint();
  if (!lab.hidden.has("numbers")) showCurves();
  const modes = frame.modes, last = name => lab.curves[name][lab.curves.moment.indexOf(frame.moment)];
  const words = modes ? `${modes.covered} of ${modes.of} modes have samples; reverse KL ${modes.kl.toFixed(3)}` : "these data have no modes to count";
  $("counted").textContent = `${words}; steps: D ${frame.steps[0]}, G ${frame.steps[1]}` +
    (last("d_accuracy") == null ? "" : `; D's accuracy ${(100 * last("d_accuracy")).toFixed(0)} %, diversity ${last("diversity")?.toFixed(2)}`);
  $("plane").setAttribute("aria-label", `The plane at moment ${frame.moment}: ${lab.still.real.length} real and ${frame.fake.length} generated points; ${words}.`);
  const warnings = frame.warnings.map(([moment, text]) => `moment ${moment}: ${text}`);
  if (warnings.join() !== lab.warned) {
    lab.warned = warnings.join();
    $("warnings").replaceChildren(...warnings.map(text => make("li", { textContent: text })));
  }
}

function showCurves() {
  const c = lab.curves, now = lab.frame.moment, of = lab.frame.modes;
  const [losses, outputs, counts, flow] = document.querySelectorAll("#charts canvas");
  drawCurves(losses, c.moment, [["D", c.d_loss], ["G", c.g_loss]], lab.last, now);
  drawCurves(outputs, c.moment, [["D(x)", c["D(x)"]], ["D(G(z))", c["D(G(z))"]]], lab.last, now, [0, 1]);
  drawCurves(counts, lab.counted.moment, [["modes", of ? lab.counted.covered.map(n => n / of.of) : []], ["KL", lab.counted.kl]], lab.last, now, [0, 1]);
  drawCurves(flow, c.moment, [["gradient", c.g_gradient], ["diversity", c.diversity]], lab.last, now);
}

// --- Time ------------------------------------------------------------------------------------------------

function pause() {
  if (!lab.running) return;
  lab.running = false;
  $("run").textContent = "Run";
  writeAddress();
}

async function run() {
  if (lab.running) return pause();
  lab.running = true;
  $("run").textContent = "Pause";
  say("");
  let frames = 0, began = performance.now(), written = began;
  while (lab.running) {
    const pace = engine.now.recorded ? new Promise(done => setTimeout(done, 100)) : new Promise(requestAnimationFrame);
    await inOrder(async () => {
      if (!lab.running) return;
      const frame = await call("act", { action: "b", n: +$("speed").value, since: since() });
      take(frame);
      if (frame.ended) pause();
    });
    await pace;
    frames++;
    const now = performance.now();
    if (now - began > 1000) { document.body.dataset.fps = (frames / (now - began) * 1000).toFixed(1); frames = 0; began = now; }
    if (now - written > 2000) { writeAddress(); written = now; }
  }
}

const step = action => inOrder(async () => { take(await call("act", { action, since: since() })); writeAddress(); });

async function slowMotion() {
  if (lab.slow) { lab.slow = null; return; }
  pause();
  const mine = lab.slow = {};
  $("slow").textContent = "Stop";
  for (const action of ["d", "g"]) {
    if (lab.slow !== mine) break;
    await inOrder(async () => {
      await showSource(action + "_step");
      const before = lab.frame, frame = await call("slow", { action, since: since() });
      for (const { line, made } of frame.lines) {
        if (lab.slow !== mine) break;
        light(line, made);
        await new Promise(done => setTimeout(done, lab.pause ?? 900));
      }
      light(null);
      take(frame);
      say(`One step of ${action.toUpperCase()}: moment ${before.moment} to ${frame.moment}`);
    });
  }
  if (lab.slow === mine) lab.slow = null;
  $("slow").textContent = "Slow motion";
  writeAddress();
}

function goTo(moment) {
  pause();
  lab.wanted = moment;
  return inOrder(async () => {
    if (lab.wanted !== moment) return;  // the slider has moved on
    take(await call("go_to", { moment, since: moment }));
    writeAddress();
  });
}

function start(settings) {
  pause();
  return inOrder(async () => { take(await call("start", { settings })); writeAddress(); });
}

function change(settings) {
  return inOrder(async () => {
    const before = lab.frame.moment;
    take(await call("change", { settings, since: before }));
    say(lab.frame.moment === before && before ? "Changed; the training goes on from here" : "Changed; the training begins anew");
    writeAddress();
  });
}

// --- Settings and presets --------------------------------------------------------------------------------

function makeKnobs() {
  let group = null;
  for (const [name, knob] of Object.entries(lab.knobs)) {
    if (knob.group !== group) { group = knob.group; $("knobs").append(make("h2", { textContent: group })); }
    const control = knob.options.length
      ? make("select", {}, ...knob.options.map(value => make("option", { value, textContent: value.replace("_", " ") })))
      : make("input", { type: "number", min: knob.limits[0], max: knob.limits[1], step: knob.whole ? 1 : "any", required: true });
    control.id = "knob-" + name;
    control.title = knob.help + (knob.options.length ? "" : `, ${knob.limits[0]} to ${knob.limits[1]}`);
    control.addEventListener("change", () => turn(name, control));
    const label = make("label", { htmlFor: control.id, textContent: knob.label, title: control.title });
    $("knobs").append(make("div", { className: knob.live ? "live" : "" }, label, control));
  }
  const draw = make("button", { id: "draw", textContent: "Draw data", title: "Draw real points with the mouse, or with the arrow keys and Enter" });
  draw.addEventListener("click", drawData);
  $("knobs").append(draw, make("p", { textContent: "A knob with ● turns while the GAN learns; the others begin anew." }));
}

function turn(name, control) {
  if (!control.checkValidity()) return say(`${lab.knobs[name].label}: ${control.validationMessage}`, true);
  if (name === "data" && control.value === "drawn" && !lab.still.settings.points.length) return drawData();
  const value = lab.knobs[name].options.length ? control.value : Number(control.value);
  change({ [name]: value }).then(showSettings);
}

function showSettings() {
  for (const [name, value] of Object.entries(lab.still.settings)) if ($("knob-" + name)) $("knob-" + name).value = value;
}

function makePresets() {
  $("preset").append(make("option", { value: "", textContent: "choose..." }),
    ...lab.presets.map((preset, i) => make("option", { value: i, textContent: preset.name })));
  $("preset").addEventListener("change", () => {
    lab.preset = lab.presets[$("preset").value] || null;
    $("cure").hidden = !lab.preset?.cures.length;
    if (!lab.preset) return;
    $("cure").textContent = "Cure: " + lab.preset.cures[0]?.name;
    start(lab.preset.settings).then(() => say(lab.preset.text));
  });
  $("cure").addEventListener("click", async () => {
    const { settings, text, anew } = lab.preset.cures[0];
    await (anew ? start({ ...lab.preset.settings, ...settings }) : change(settings));
    showSettings();
    say(text);
  });
}

// --- The plane: legend, points, drawing ------------------------------------------------------------------

const GLYPHS = {
  surface: '<rect x="1" y="3" width="6" height="9" fill="var(--fake)" opacity=".6"/><rect x="7" y="3" width="6" height="9" fill="var(--real)" opacity=".6"/>',
  real: '<circle cx="7" cy="7" r="3" fill="var(--real)"/>', fake: '<path d="M7 3l4 8H3z" fill="var(--fake)"/>',
  arrows: '<path d="M1 12L12 3M12 3H7M12 3v5" stroke="var(--text)" fill="none"/>',
  grid: '<path d="M1 4q6-4 13 0M1 11q6-4 13 0M4 1q-2 6 0 13M11 1q-2 6 0 13" stroke="var(--grid)" fill="none"/>',
  centres: '<path d="M7 2v11M2 7h11" stroke="var(--text)"/>',
};

function makeLegend() {
  for (const [name, words] of LAYERS) {
    const box = make("input", { type: "checkbox", checked: lab.shown[name], id: "show-" + name });
    box.addEventListener("change", () => { lab.shown[name] = box.checked; show(); });
    const glyph = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    glyph.setAttribute("viewBox", "0 0 15 15"); glyph.setAttribute("aria-hidden", "true");
    glyph.innerHTML = GLYPHS[name];
    $("legend").append(make("label", {}, box, glyph, words));
  }
  const plain = [["losses of ", "D", " and ", "G"], ["", "D(x)", " and ", "D(G(z))"], ["share of ", "modes", " covered, reverse ", "KL"], ["", "gradient", " at G, ", "diversity"]];
  for (const [before, one, between, two] of plain) {
    const name = before + one + between + two, canvas = make("canvas");
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", "Curves: " + name);
    $("charts").append(make("figure", {}, make("figcaption", {}, before, make("b", { className: "c0", textContent: one }), between, make("b", { className: "c1", textContent: two })), canvas));
  }
}

function words(i) {
  const frame = lab.frame, numbers = list => list.map(v => v.toFixed(2)).join(", ");
  return [`z (${numbers(lab.still.z[i])})`, `x (${numbers(frame.fake[i])})`, `D ${frame.d_fake[i]?.toFixed(3)}`,
    `gradient (${numbers(frame.arrows[i].map(v => -v))})`];
}

function forgetPoint(really) { if (really) { lab.chosen = -1; } lab.plane.trail = []; }

function follow(i) {
  lab.chosen = i;
  lab.plane.trail = [];
  show();
}

function showPoint() {
  $("about-point").textContent = lab.drawing ? `Drawing: ${lab.drawing.length} points; press "Done" to train on them`
    : lab.chosen < 0 ? "Hover a generated point for its numbers; click to follow it" : `Point ${lab.chosen}: ${words(lab.chosen).join("; ")}`;
}

function hover(event) {
  const point = lab.plane.point(event);
  if (lab.drawing) { if (event.buttons) addPoint(point); return; }
  const i = lab.frame ? lab.plane.nearest(lab.frame, point) : -1;
  $("tip").hidden = i < 0;
  if (i < 0) return;
  $("tip").textContent = words(i).join("\n");
  const box = $("plane").getBoundingClientRect();
  $("tip").style.left = Math.min(event.clientX - box.left + 14, box.width - 190) + "px";
  $("tip").style.top = Math.min(event.clientY - box.top + 10, box.height - 80) + "px";
}

function addPoint([x, y]) {
  const rounded = [x, y].map(v => Math.max(-2, Math.min(2, +v.toFixed(2)))), last = lab.drawing.at(-1);
  if (lab.drawing.length >= 500 || (last && Math.hypot(last[0] - rounded[0], last[1] - rounded[1]) < 0.04)) return;
  lab.drawing.push(rounded);
  show();
}

function drawData() {
  pause();
  if (!lab.drawing) {
    lab.drawing = [];
    $("draw").textContent = "Done";
    $("plane").classList.add("drawing");
    $("plane").focus();
    say("Draw real points with the mouse, or move with the arrow keys and press Enter");
    return show();
  }
  const points = lab.drawing;
  lab.drawing = null;
  $("draw").textContent = "Draw data";
  $("plane").classList.remove("drawing");
  showSettings();
  if (points.length) change({ data: "drawn", points });
  else show();
}

function planeKey(event) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }, move = moves[event.key];
  if (lab.drawing && move) { lab.cursor = lab.cursor.map((v, i) => Math.max(-2, Math.min(2, v + 0.1 * move[i]))); show(); }
  else if (lab.drawing && event.key === "Enter") addPoint(lab.cursor);
  else if (move && lab.frame) follow((lab.chosen + (move[0] || -move[1]) + lab.frame.fake.length) % lab.frame.fake.length);
  else if (event.key === "Escape") follow(-1);
  else return;
  event.preventDefault();
}

// --- The source and the graph ----------------------------------------------------------------------------

const sources = {};

async function showSource(name) {
  tab("source");
  const found = sources[name] ||= await call("source", { name });
  $("name").value = name;
  const known = new RegExp(`\\b(${lab.names.join("|")})\\b`);
  $("source").replaceChildren(
    make("div", { className: "row note", textContent: `${found.file}, line ${found.first}` }),
    ...found.lines.map((text, i) => {
      const row = make("div", { className: "row" });
      row.dataset.line = found.first + i;
      for (const part of text.split(known)) {
        if (lab.names.includes(part) && part !== name) {
          const link = make("button", { textContent: part, title: "Open its source" });
          link.addEventListener("click", () => showSource(part));
          row.append(link);
        } else row.append(make("span", { textContent: part, className: /^\s*(#|""")/.test(text) ? "note" : "" }));
      }
      row.append(make("span", { className: "made" }));
      return row;
    }));
}

function light(line, made = {}) {
  for (const row of document.querySelectorAll("#source .row.lit")) row.classList.remove("lit");
  if (line === null) return;
  const row = document.querySelector(`#source [data-line="${line}"]`);
  if (!row) return;
  row.classList.add("lit");
  row.lastChild.textContent = Object.entries(made).map(([name, text]) => `${name}: ${text}`).join("\n");
  row.scrollIntoView({ block: "nearest" });
  const text = row.lastChild.textContent.replaceAll("\n", "; ");
  say(`line ${line}` + (text ? ": " + text : ""));
}

function tab(which) {
  for (const name of ["source", "graph"]) {
    $(name).hidden = name !== which;
    $("tab-" + name).setAttribute("aria-selected", name === which);
  }
  $("name-label").hidden = which !== "source";
  $("graph-label").hidden = $("formula").hidden = which !== "graph";
}

const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

async function showGraph() {
  tab("graph");
  const { boxes } = await call("graph", { of: $("graph-of").value });
  const W = 146, H = 34, rank = boxes.map(() => 0), width = [];
  for (let i = boxes.length - 1; i >= 0; i--) for (const parent of boxes[i].from) rank[parent] = Math.max(rank[parent], rank[i] + 1);
  const place = boxes.map((box, i) => { const row = rank[i]; width[row] = (width[row] || 0) + 1; return [6 + (width[row] - 1) * (W + 12), 6 + row * (H + 16)]; });
  const drawing = svg("svg", { width: Math.max(...width) * (W + 12) + 6, height: (Math.max(...rank) + 1) * (H + 16) });
  boxes.forEach((box, i) => box.from.forEach(parent => {
    const [x, y] = place[i], [u, v] = place[parent];
    drawing.append(svg("path", { d: `M${x + W / 2} ${y + H}C${x + W / 2} ${y + H + 14} ${u + W / 2} ${v - 14} ${u + W / 2} ${v}` }));
  }));
  lab.boxes = boxes.map((box, i) => {
    const [x, y] = place[i], words = `${box.op} ${box.shape}, norm of the gradient ${box.norm}`;
    const group = svg("g", { class: "box" + (box.from.length ? "" : " weight"), tabindex: 0, role: "button", "aria-label": words },
      svg("rect", { x, y, width: W, height: H, rx: 5 }),
      svg("text", { x: x + 6, y: y + 14 }, `${box.op} ${box.shape}`), svg("text", { x: x + 6, y: y + 27 }, `‖g‖ ${box.norm}`));
    const open = () => { $("formula").textContent = `${box.op} ${box.shape}: ${box.formula}`; };
    group.addEventListener("click", open);
    group.addEventListener("keydown", event => event.key === "Enter" && open());
    drawing.append(group);
    return { group, open };
  });
  $("graph").replaceChildren(drawing);
  $("formula").textContent = "Each box is a Tensor; the loss is at the top. Press a box for its formula.";
}

async function walkBack() {
  const boxes = lab.boxes, mine = lab.walking = {};
  for (const { group } of boxes) group.classList.remove("lit");
  for (let i = boxes.length - 1; i >= 0 && lab.walking === mine && boxes === lab.boxes; i--) {
    boxes[i].group.classList.add("lit");
    boxes[i].group.scrollIntoView({ block: "nearest", inline: "nearest" });
    boxes[i].open();
    await new Promise(done => setTimeout(done, lab.pause ?? 350));
  }
}

// --- The address -----------------------------------------------------------------------------------------

function writeAddress() {
  if (!lab.frame || engine.now.recorded) return;
  const state = { start: lab.frame.start, log: lab.frame.log, hide: [...lab.hidden], ...lab.more };
  lab.written = "#" + encodeURIComponent(JSON.stringify(state));
  history.replaceState(null, "", lab.written);
}

async function readAddress() {
  let state = {}, wrong = false;
  try { state = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}"); } catch { wrong = true; }
  pause();
  lab.hidden = new Set((state.hide || []).filter(name => name in PARTS));
  showParts();
  readTabs(state);
  await inOrder(async () => {
    try { take(await call("start", { settings: state.start || {} })); }
    catch (error) { take(await call("start", { settings: {} })); throw error; }
    for (const [what, value] of state.log || []) {
      if (what === "change") { take(await call("change", { settings: value, since: since() })); continue; }
      for (let left = value; left > 0; left -= 50) {
        say(`Going to where the address says: ${left} of ${value}`);
        take(await call("act", { action: what, n: Math.min(50, left), since: since() }));
      }
    }
    say(wrong ? "The address holds no settings" : "", wrong);
    writeAddress();
  });
}

function showParts() {
  for (const name of Object.keys(PARTS)) {
    for (const part of document.querySelectorAll(".part-" + name)) part.style.display = lab.hidden.has(name) ? "none" : "";
    if ($("hide-" + name)) $("hide-" + name).checked = lab.hidden.has(name);
  }
  show();
}

function makeHide() {
  for (const [name, text] of Object.entries(PARTS)) {
    const box = make("input", { type: "checkbox", id: "hide-" + name });
    box.addEventListener("change", () => { lab.hidden[box.checked ? "add" : "delete"](name); showParts(); writeAddress(); });
    $("hide-list").append(make("label", {}, box, " " + text));
  }
}

async function copyScript() {
  const { script } = await call("script");
  lab.script = script;
  try {
    await navigator.clipboard.writeText(script);
    say("The script is in the clipboard");
  } catch {
    say("The clipboard cannot be used; the script stands in the field of the source");
  }
  tab("source");
  $("source").replaceChildren(...script.split("\n").map(text => make("div", { className: "row", textContent: text || " " })));
}

// --- The beginning ---------------------------------------------------------------------------------------

function listen() {
  $("run").addEventListener("click", run);
  $("step-d").addEventListener("click", () => step("d"));
  $("step-g").addEventListener("click", () => step("g"));
  $("slow").addEventListener("click", slowMotion);
  $("restart").addEventListener("click", () => start(lab.still.settings));
  $("live").addEventListener("click", goLive);
  $("copy").addEventListener("click", () => inOrder(copyScript));
  $("moment").addEventListener("input", () => goTo(+$("moment").value));
  $("name").append(...lab.names.map(name => make("option", { value: name, textContent: name })));
  $("name").addEventListener("change", () => inOrder(() => showSource($("name").value)));
  $("tab-source").addEventListener("click", () => inOrder(() => showSource($("name").value)));
  $("tab-graph").addEventListener("click", () => inOrder(showGraph));
  $("graph-of").addEventListener("change", () => inOrder(showGraph));
  $("walk").addEventListener("click", walkBack);
  const plane = $("plane");
  plane.addEventListener("pointermove", hover);
  plane.addEventListener("pointerleave", () => { $("tip").hidden = true; });
  plane.addEventListener("pointerdown", event => lab.drawing ? addPoint(lab.plane.point(event)) : lab.frame && follow(lab.plane.nearest(lab.frame, lab.plane.point(event))));
  plane.addEventListener("keydown", planeKey);
  document.addEventListener("keydown", event => {
    if (lab.more.tab || event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) return;
    if (event.key === " " && event.target.tagName === "BUTTON") return;
    const press = { " ": "run", d: "step-d", g: "step-g", s: "slow", r: "restart" }[event.key];
    if (press) { event.preventDefault(); $(press).click(); }
  });
  window.addEventListener("hashchange", () => location.hash !== lab.written && readAddress());
  window.addEventListener("resize", show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
}

async function begin() {
  if (!window.labRecording) lab.alive = new EventSource("alive");
  if (engine.canRunHere && !engine.now.recorded) await loadPython();
  Object.assign(lab, await call("begin"));
  forgetCurves();
  makeKnobs(); makePresets(); makeLegend(); makeHide(); makeTabs(); listen();
  await readAddress();
  await inOrder(() => showSource("d_step"));
  document.body.dataset.ready = "yes";
  if (engine.now.recorded) playRecording();
}

// What a recording cannot do.
const needsEngine = () => ["step-d", "step-g", "slow", "copy", "preset", "speed", "draw", "tab-graph", ...Object.keys(lab.knobs).map(name => "knob-" + name)];

function playRecording() {
  for (const id of needsEngine()) $(id).disabled = true;
  $("live").hidden = !engine.canRunHere;
  run();
  say(engine.canRunHere ? 'A recorded run. To train, change settings and look inside, press "Run live in this browser"'
    : "A recorded run. To train, change settings and look inside: python -m minigan.lab");
}

async function loadPython() {
  $("loading").hidden = false;
  say("Loading Python and NumPy into this browser, 20 MB the first time");
  try { await engine.runHere(share => { $("loading").value = share; if (share > 0.98) say("Python is starting"); }); }
  finally { $("loading").hidden = true; }
}

// From the recording to a training in this browser, with the settings that the address says.
async function goLive() {
  $("live").disabled = true;
  try { await loadPython(); }
  catch (error) {
    $("live").disabled = false;
    return say(`Python cannot be loaded (${error.message}): the recorded run plays on without it`, true);
  }
  pause();
  await lab.busy;
  $("live").hidden = true;
  for (const id of needsEngine()) $(id).disabled = false;
  await readAddress();
  say("Python runs in this browser now: press Run");
}

begin().catch(error => say(error.message, true));
