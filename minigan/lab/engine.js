// The engine: who answers the commands of the page.  engine.call(name, values) is all that the page knows of it.
"use strict";

// The server of this machine: python -m minigan.lab.
const server = {
  async call(command, values) {
    const answer = await fetch("command", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ command, ...values }),
    });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return answer.json();
  },
};

// Python in this browser: worker.js, with Pyodide from the address that the page names.
class PythonWorker {
  static ALL = 18.3e6;  // bytes of Pyodide, NumPy and the package that are counted, about

  constructor() {
    this.worker = new Worker("worker.js");
    this.waiting = new Map();
    this.worker.onmessage = ({ data }) => data.come ? this.told(data.come / PythonWorker.ALL) : this.answered(data);
    this.worker.onerror = event => {
      event.preventDefault();
      for (const id of this.waiting.keys()) this.answered({ id, failed: event.message || "worker.js is not there" });
    };
  }

  answered({ id, text, failed }) {
    const { done, fail } = this.waiting.get(id);
    this.waiting.delete(id);
    if (failed === undefined) done(JSON.parse(text)); else fail(new Error(failed));
  }

  ask(message) {
    const id = this.number = (this.number || 0) + 1;
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail });
      this.worker.postMessage({ id, ...message });
    });
  }

  // Loads Python; `told` hears the share that has come.
  async begin(told) {
    this.told = told;
    const [pyodide, source] = [document.body.dataset.pyodide, "minigan.zip"].map(url => new URL(url, location.href).href);
    try { await this.ask({ begin: { pyodide, source } }); }
    catch (error) { this.worker.terminate(); throw error; }
  }

  call(command, values) { return this.ask({ request: JSON.stringify({ command, ...values }) }); }
}

// An array travels as the base64 of its bytes (`packed` in commands.py).  Here it is a list of rows if it has two axes,
// otherwise a typed array that knows its shape.
function unpacked(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  if (!("base64" in value)) return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpacked(part)]));
  const bytes = Uint8Array.from(atob(value.base64), letter => letter.charCodeAt(0)), [n, width] = value.shape;
  const numbers = value.dtype === "uint8" ? bytes : new Float32Array(bytes.buffer);
  if (value.shape.length !== 2) return Object.assign(numbers, { shape: value.shape });
  return Array.from({ length: n }, (_, i) => Array.from(numbers.subarray(i * width, (i + 1) * width)));
}

const engine = {
  now: window.labRecorded || server,
  canRunHere: "pyodide" in document.body.dataset,

  // The answer to a command, values in and values out as JSON has them, but for arrays, which come unpacked; an Error
  // with a sentence if there is none.
  async call(name, values = {}) {
    const answer = await this.now.call(name, values);
    if (answer.error) throw new Error(answer.error);
    return unpacked(answer);
  },

  // From now on Python in this browser answers, once it is loaded.
  async runHere(told) {
    const python = new PythonWorker();
    await python.begin(told);
    this.now = python;
  },
};
