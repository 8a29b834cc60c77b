// The tab "Python": code that is typed and run, the graph of its loss, the backward pass step by step, the exercises.
"use strict";

const python = {
  known: null, file: 0, texts: {}, solved: new Set(), hints: {}, state: null, at: 0, walking: null,
  sheet: new CSSStyleSheet(),
};
window.python = python;

// --- Running ---------------------------------------------------------------------------------------------

async function runPython(kind) {
  keepText();
  const mine = python.job = {}, number = python.file || 1;
  $("python-stop").disabled = false;
  say("Running");
  try {
    let state = await call("run_python", { source: $("code").value, kind, number });
    while (state.running && python.job === mine) {
      showPrinted(state);
      await new Promise(done => setTimeout(done, 150));
      state = await call("python_state");
    }
    if (python.job !== mine) return;
    takeState(state, kind);
    const words = kind === "exercise" ? ["Solved", "Not yet"] : ["Done", "Ended with an error"];
    say(words[+Boolean(state.problem)], Boolean(state.problem));
  } catch (error) {
    if (python.job === mine) say(error.message, true);
  }
  if (python.job === mine) $("python-stop").disabled = true;
}

async function stopPython() {
  if (engine.now.worker) return stopWorker();
  try { await call("stop_python"); } catch (error) { say(error.message, true); }
}

// In this browser, what runs can only be stopped with its whole Python.  A new one begins where the address says.
async function stopWorker() {
  engine.now.worker.terminate();
  python.job = null;
  lab.busy = Promise.resolve();
  forgetSmall();
  showPrinted({ printed: "", problem: "Stopped. Python begins anew." });
  try { await loadPython(); await readAddress(); say("Stopped"); }
  catch (error) { say(error.message, true); }
  $("python-stop").disabled = true;
}

function takeState(state, kind) {
  python.state = state;
  showPrinted(state);
  if (kind === "exercise") {
    python.solved[state.passed ? "add" : "delete"](python.file);
    keep();
    nameFiles();
  } else showTypedGraph(state.graph);
}

function showPrinted({ printed, problem, passed, running }) {
  const parts = [printed];
  if (problem) parts.push(make("div", { className: "error", textContent: problem }));
  if (passed) parts.push(make("div", { className: "good", textContent: "Solved." }));
  if (!running && !printed && !problem && !passed) parts.push("(nothing was printed)");
  $("printed").replaceChildren(...parts);
}

// --- The graph and the backward pass ---------------------------------------------------------------------

// The style of the picture becomes a sheet of the page, because the page allows no style inside it.
function showTypedGraph(graph) {
  python.at = 0;
  python.walking = null;
  const steps = graph ? graph.steps : [];
  for (const id of ["back-step", "back-walk", "back-start"]) $(id).disabled = !steps.length || Boolean(graph.note);
  $("back-words").textContent = "";
  $("back-count").textContent = "";
  if (!graph) return $("typed-graph").replaceChildren("There is no graph: name a Tensor `loss`, or end with an expression that is one.");
  const style = /<style>(.*?)<\/style>/s;
  python.sheet.replaceSync(graph.svg.match(style)[1]);
  const picture = new DOMParser().parseFromString(graph.svg.replace(style, ""), "image/svg+xml").documentElement;
  picture.classList.toggle("fits", picture.getAttribute("width") < 1.3 * $("typed-graph").clientWidth);
  $("typed-graph").replaceChildren(document.importNode(picture, true));
  if (graph.note) { $("back-words").textContent = graph.note; return; }
  if (steps.length) boxOf(steps[0].id).scrollIntoView({ block: "nearest", inline: "center" });
  $("back-words").textContent = `The graph has ${steps.length} results. grad visits them from the youngest, the loss, to the oldest.`;
}

const boxOf = id => $("typed-graph").querySelector(`g[data-nodes~="${id}"]`);

function stepBack() {
  const { steps } = python.state.graph;
  if (python.at >= steps.length) return;
  for (const box of $("typed-graph").querySelectorAll("g.lit")) box.classList.replace("lit", "reached");
  const { id, inputs, words } = steps[python.at++], box = boxOf(id);
  for (const input of inputs) boxOf(input)?.classList.add("reached");
  if (box) {
    box.classList.remove("reached");
    box.classList.add("lit");
    box.scrollIntoView({ block: "nearest", inline: "center" });
  }
  $("back-words").textContent = words + (box ? "" : "\n(this box is left out of the picture)");
  $("back-count").textContent = `${python.at} of ${steps.length}`;
  $("back-step").disabled = python.at === steps.length;
}

async function walkTyped() {
  if (python.walking) { python.walking = null; return; }
  if (python.at === python.state.graph.steps.length) toTheLoss();
  const mine = python.walking = {};
  $("back-walk").textContent = "Pause";
  while (python.walking === mine && python.at < python.state.graph.steps.length) {
    stepBack();
    await new Promise(done => setTimeout(done, lab.pause ?? 700));
  }
  if (python.walking === mine) python.walking = null;
  $("back-walk").textContent = "Walk back";
}

function toTheLoss() { if (python.state?.graph) showTypedGraph(python.state.graph); }

// --- Files and exercises ---------------------------------------------------------------------------------

// What was typed and solved stays in this browser, if it lets us.
function keep() {
  try { localStorage.setItem("minigan", JSON.stringify({ texts: python.texts, solved: [...python.solved], hints: python.hints })); }
  catch { /* then it stays as long as the page */ }
}

function keepText() { python.texts[python.file] = $("code").value; keep(); }

function nameFiles() {
  const { exercises } = python.known;
  $("file").replaceChildren(
    make("option", { value: 0, textContent: "the README's example" }),
    ...exercises.map(({ number, title }) => make("option", { value: number, textContent: `${python.solved.has(number) ? "✓ " : ""}${number}. ${title}` })));
  $("file").value = python.file;
}

async function original(number) { return number ? (await call("exercise", { number })).source : python.known.example; }

async function openFile(number) {
  python.file = number;
  $("file").value = number;
  for (const id of ["hint", "python-check"]) $(id).hidden = !number;
  $("code").value = python.texts[number] ?? await original(number);
  $("printed").replaceChildren();
  showTypedGraph(null);
  await showHints();
}

async function showHints() {
  const number = python.file, shown = python.hints[number] || 0, of = number && python.known.exercises[number - 1].hints;
  const hints = [];
  for (let i = 0; i < Math.min(shown, of); i++) hints.push((await call("hint", { number, i })).hint);
  $("hints").replaceChildren(...hints.map(text => make("li", { textContent: text })));
  $("hint").textContent = `Hint ${Math.min(shown + 1, of)} of ${of}`;
  $("hint").disabled = shown >= of;
}

async function openPython() {
  if (python.known || engine.now.recorded) return;
  try {
    python.known = await call("python");
    try {
      const kept = JSON.parse(localStorage.getItem("minigan")) || {};
      python.texts = kept.texts || {};
      python.solved = new Set(kept.solved);
      python.hints = kept.hints || {};
    } catch { /* nothing was kept */ }
    nameFiles();
    await openFile(python.file);
  } catch (error) { say(error.message, true); }
}

// In the field Tab indents by four spaces, and Enter keeps the indentation; after Escape, Tab leaves it.
function codeKey(event) {
  const code = $("code");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); runPython("run"); return; }
  const before = code.value.slice(0, code.selectionStart), line = before.slice(before.lastIndexOf("\n") + 1);
  if (event.key === "Tab" && !event.shiftKey && !python.leaving) insert(" ".repeat(4 - line.length % 4));
  else if (event.key === "Enter") insert("\n" + line.match(/^ */)[0] + (/:\s*$/.test(line) ? "    " : ""));
  python.leaving = event.key === "Escape";

  function insert(text) {
    event.preventDefault();
    code.setRangeText(text, code.selectionStart, code.selectionEnd, "end");
    code.blur(); code.focus();  // so that the line is in sight
  }
}

function listenToPython() {
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, python.sheet];
  const safely = work => async () => { try { await work(); } catch (error) { say(error.message, true); } };
  $("python-run").addEventListener("click", () => runPython("run"));
  $("python-grad").addEventListener("click", () => runPython("check"));
  $("python-check").addEventListener("click", () => runPython("exercise"));
  $("python-stop").addEventListener("click", stopPython);
  $("back-step").addEventListener("click", stepBack);
  $("back-walk").addEventListener("click", walkTyped);
  $("back-start").addEventListener("click", toTheLoss);
  $("file").addEventListener("change", safely(() => { keepText(); return openFile(+$("file").value); }));
  $("file-reset").addEventListener("click", safely(async () => { $("code").value = await original(python.file); keepText(); }));
  $("hint").addEventListener("click", safely(() => { python.hints[python.file] = (python.hints[python.file] || 0) + 1; keep(); return showHints(); }));
  $("code").addEventListener("keydown", codeKey);
  window.addEventListener("pagehide", () => python.known && keepText());
}
