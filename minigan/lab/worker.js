// Python in a Web Worker: Pyodide with NumPy and the package's source, which answers commands as the server does.
"use strict";

let answer = null;

// fetch, which also tells the page how many bytes have come
const plain = self.fetch;
let come = 0;
self.fetch = async (...request) => {
  const response = await plain(...request);
  if (!response.ok) throw new Error(`${response.url} is not there (${response.status})`);
  const counter = new TransformStream({
    transform(bytes, out) { come += bytes.length; postMessage({ come }); out.enqueue(bytes); },
  });
  return new Response(response.body.pipeThrough(counter), { headers: response.headers });
};

async function load({ pyodide, source }) {
  importScripts(pyodide + "pyodide.js");
  const python = await loadPyodide({ indexURL: pyodide });
  await python.loadPackage("numpy", { messageCallback() {}, errorCallback(text) { throw new Error(text); } });
  python.unpackArchive(await (await fetch(source)).arrayBuffer(), "zip");
  python.runPython("from minigan.lab.commands import Commands\ncommands = Commands()");
  answer = python.runPython("lambda text: commands.reply(text).decode()");
}

self.onmessage = async ({ data: { id, begin, request } }) => {
  try {
    if (begin) await load(begin);
    postMessage({ id, text: begin ? "{}" : answer(request) });
  } catch (error) {
    postMessage({ id, failed: error.message.trim().split("\n").at(-1) });
  }
};
