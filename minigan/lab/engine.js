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

const engine = {
  now: window.labRecorded || server,

  // The answer to a command, values in and values out as JSON has them; an Error with a sentence if there is none.
  async call(name, values = {}) {
    const answer = await this.now.call(name, values);
    if (answer.error) throw new Error(answer.error);
    return answer;
  },
};
