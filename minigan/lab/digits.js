// The tab "Digits and faces": samples, sliders along principal directions, walks, and a small GAN that is trained here.
"use strict";

const DIRECTIONS = 8, SAMPLES = 60, COLUMNS_OF_SAMPLES = 10, STRIP = 9;

const digits = {
  of: "digits", seed: 0, label: null, moves: Array(DIRECTIONS).fill(0), chosen: [], cursor: 0,
  answer: null, walk: null, playing: null, training: false, smallSeed: 0, wanted: null,
  curves: { step: [], d_loss: [], g_loss: [], "D(x)": [], "D(G(z))": [] },
};
window.digits = digits;

// The pictures of an answer, each as ImageData.
function pictures({ images, shape: [height, width, channels] }) {
  const bytes = Uint8Array.from(atob(images), c => c.charCodeAt(0)), size = height * width, found = [];
  for (let start = 0; start < bytes.length; start += size * channels) {
    const image = new ImageData(width, height);
    for (let i = 0; i < size; i++) for (let c = 0; c < 4; c++) {
      image.data[4 * i + c] = c === 3 ? 255 : bytes[start + i * channels + (channels === 3 ? c : 0)];
    }
    found.push(image);
  }
  return found;
}

function paint(canvas, image) {
  canvas.width = image.width; canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const request = () => ({ of: digits.of, seed: digits.seed, label: digits.of === "digits" ? digits.label : null, moves: digits.moves });

// Of several wishes that come while one is fulfilled, only the last counts.
function refresh() {
  const mine = digits.wanted = {};
  writeDigits();
  return inOrder(async () => {
    if (digits.wanted !== mine) return;
    takePictures(await call("pictures", request()));
    if (digits.chosen.length === 2) await takeWalk();
  });
}

function takePictures(answer) {
  digits.answer = answer;
  const names = answer.conditions ? i => `digit ${digits.label ?? i % answer.conditions}, ` : () => "";
  pictures(answer).forEach((image, i) => {
    const button = $("samples").children[i], end = digits.chosen.indexOf(i);
    paint(button.firstChild, image);
    button.lastChild.textContent = answer.d ? answer.d[i].toFixed(2) : "";
    button.tabIndex = i === digits.cursor ? 0 : -1;
    if (end < 0) delete button.dataset.end; else button.dataset.end = "AB"[end];
    button.setAttribute("aria-pressed", end >= 0);
    button.setAttribute("aria-label", `sample ${i + 1}, ${names(i)}` + (answer.d ? `D ${answer.d[i].toFixed(2)}, ` : "") + (end < 0 ? "not chosen" : `chosen as ${"AB"[end]}`));
  });
  $("about-samples").textContent = answer.d
    ? "The number is D's output: the probability that the sample is real. D sees all 60 as one batch."
    : "This generator comes without its D, so there is no output of D. A small one that is trained here has one.";
  $("generator").value = answer.of;
  $("label").disabled = !answer.conditions;
  [...$("directions").children].forEach((row, k) => {
    row.firstChild.textContent = `${k + 1}: ${(100 * answer.shares[k]).toFixed(1)} %`;
    row.children[1].value = digits.moves[k];
    row.lastChild.textContent = digits.moves[k].toFixed(1);
  });
}

// --- Walks -----------------------------------------------------------------------------------------------

function choose(i) {
  digits.chosen = digits.chosen.length === 2 || digits.chosen.includes(i) ? [i] : [...digits.chosen, i];
  digits.cursor = i;
  forgetWalk(digits.chosen.length < 2 ? `A is sample ${i + 1}. Click another one for B.` : "");
  return refresh();
}

function forgetWalk(words) {
  digits.playing = digits.walk = null;
  for (const id of ["walk-t", "walk-play"]) $(id).disabled = true;
  for (const id of ["walk-picture", "walk-strip"]) $(id).width = $(id).width;  // clears it
  $("about-walk").textContent = words;
}

async function takeWalk() {
  const [a, b] = digits.chosen;
  digits.walk = pictures(await call("walk", { ...request(), a, b }));
  const strip = $("walk-strip"), pen = strip.getContext("2d"), { width, height } = digits.walk[0];
  strip.width = STRIP * width; strip.height = height;
  for (let k = 0; k < STRIP; k++) pen.putImageData(digits.walk[k * (digits.walk.length - 1) / (STRIP - 1)], k * width, 0);
  for (const id of ["walk-t", "walk-play"]) $(id).disabled = false;
  $("about-walk").textContent = `From sample ${a + 1} to sample ${b + 1}, along a sphere in the space of z (White 2016).`;
  showWalk();
}

function showWalk() { if (digits.walk) paint($("walk-picture"), digits.walk[+$("walk-t").value]); }

async function playWalk() {
  if (digits.playing) { digits.playing = null; return; }
  const mine = digits.playing = {};
  $("walk-play").textContent = "Stop";
  const last = +$("walk-t").max, from = +$("walk-t").value === last ? 0 : +$("walk-t").value;
  for (let t = from; t <= last && digits.playing === mine; t++) {
    $("walk-t").value = t;
    showWalk();
    await new Promise(done => setTimeout(done, lab.pause ?? 60));
  }
  if (digits.playing === mine) digits.playing = null;
  $("walk-play").textContent = "Play";
}

// --- The small one ---------------------------------------------------------------------------------------

async function trainSmall() {
  if (digits.training) { digits.training = false; return; }
  digits.training = true;
  $("small-run").textContent = "Stop";
  showHere();
  const anew = !digits.curves.step.length;
  if (anew) await inOrder(() => stepSmall({ n: 0, seed: digits.smallSeed }));
  while (digits.training) {
    await inOrder(async () => {
      try { if (digits.training) await stepSmall({ n: 20 }); } catch (error) { digits.training = false; throw error; }
    });
    await new Promise(requestAnimationFrame);
  }
  $("small-run").textContent = "Train on";
  refresh();
}

function showHere() {
  digits.of = "here";
  digits.moves.fill(0);
  digits.chosen = [];
  forgetWalk("Click two samples.");
}

async function stepSmall(values) {
  const answer = await call("train", values), { curves } = digits;
  answer.numbers.forEach((numbers, i) => {
    curves.step.push(answer.step - answer.numbers.length + i + 1);
    for (const name of Object.keys(curves)) if (name !== "step") curves[name].push(numbers[name]);
  });
  $("generator").querySelector("[value=here]").disabled = $("small-restart").disabled = false;
  $("small-step").textContent = `step ${answer.step}, seed ${digits.smallSeed}`;
  takePictures(answer);
  showSmall();
}

function showSmall() {
  const { step, ...columns } = digits.curves, last = step.at(-1) || 1;
  const two = names => names.map(name => [name, columns[name]]);
  drawCurves($("small-losses"), step, two(["d_loss", "g_loss"]), last, last);
  drawCurves($("small-outputs"), step, two(["D(x)", "D(G(z))"]), last, last, [0, 1]);
}

function forgetSmall() {
  digits.training = false;
  for (const column of Object.values(digits.curves)) column.length = 0;
  $("generator").querySelector("[value=here]").disabled = $("small-restart").disabled = true;
  $("small-run").textContent = "Train";
  $("small-step").textContent = "";
  if (digits.of === "here") { digits.of = "digits"; digits.answer = null; }
}

function restartSmall() {
  digits.training = false;
  digits.smallSeed++;
  return inOrder(async () => {
    for (const column of Object.values(digits.curves)) column.length = 0;
    showHere();
    await stepSmall({ n: 0, seed: digits.smallSeed });
  });
}

// --- Controls and the address ----------------------------------------------------------------------------

function openDigits() {
  showSmall();
  if (!digits.answer && !engine.now.recorded) refresh();
}

// A generator that was trained here is not in the address: who opens it would have to train it again.
function writeDigits() {
  const { of, seed, label, moves, chosen } = digits;
  lab.more.digits = of === "here" ? undefined : { of, seed, label, moves, chosen };
  writeAddress();
}

function readDigits({ of, seed, label, moves, chosen }) {
  const whole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
  if (["digits", "faces"].includes(of)) digits.of = of;
  if (whole(seed, 9999)) digits.seed = seed;
  digits.label = whole(label, 9) ? label : null;
  if (Array.isArray(moves)) digits.moves = digits.moves.map((_, k) => Math.max(-4, Math.min(4, Number(moves[k]) || 0)));
  if (Array.isArray(chosen)) digits.chosen = chosen.filter(i => whole(i, SAMPLES - 1)).slice(0, 2);
  $("label").value = digits.label ?? "";
  $("z-seed").value = digits.seed;
  digits.answer = null;
}

function sampleKey(event) {
  const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS_OF_SAMPLES, ArrowDown: COLUMNS_OF_SAMPLES }[event.key];
  const next = digits.cursor + move;
  if (!move || next < 0 || next >= SAMPLES) return;
  event.preventDefault();
  $("samples").children[digits.cursor].tabIndex = -1;
  digits.cursor = next;
  $("samples").children[next].tabIndex = 0;
  $("samples").children[next].focus();
}

function listenToDigits() {
  for (let i = 0; i < SAMPLES; i++) {
    const button = make("button", { tabIndex: i ? -1 : 0 }, make("canvas"), make("span"));
    button.addEventListener("click", () => choose(i));
    $("samples").append(button);
  }
  $("samples").addEventListener("keydown", sampleKey);
  for (let k = 0; k < DIRECTIONS; k++) {
    const slider = make("input", { type: "range", min: -4, max: 4, step: 0.1, value: 0, id: "direction-" + k });
    slider.addEventListener("input", () => { digits.moves[k] = +slider.value; refresh(); });
    $("directions").append(make("div", {}, make("label", { htmlFor: slider.id }), slider, make("output")));
    slider.setAttribute("aria-label", `direction ${k + 1}`);
  }
  for (let digit = 0; digit < 10; digit++) $("label").append(make("option", { value: digit, textContent: `only ${digit}` }));
  $("generator").addEventListener("change", () => {
    digits.training = false;
    digits.of = $("generator").value;
    digits.moves.fill(0);
    refresh();
  });
  $("label").addEventListener("change", () => { digits.label = $("label").value === "" ? null : +$("label").value; refresh(); });
  $("z-seed").addEventListener("change", () => { if ($("z-seed").checkValidity()) { digits.seed = +$("z-seed").value; refresh(); } });
  $("moves-zero").addEventListener("click", () => { digits.moves.fill(0); refresh(); });
  $("walk-t").addEventListener("input", () => { digits.playing = null; showWalk(); });
  $("walk-play").addEventListener("click", playWalk);
  $("small-run").addEventListener("click", trainSmall);
  $("small-restart").addEventListener("click", restartSmall);
  window.addEventListener("resize", showSmall);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showSmall);
}
