// The engine of a recorded run: it answers what has been recorded, and says so where it would have to compute.
"use strict";

window.labRecorded = {
  recorded: true,
  place: 0,

  async call(command, values = {}) {
    const { begin, still, sources, frames } = window.labRecording, last = frames.length - 1;
    const show = (i, more = {}) => { this.place = Math.max(0, Math.min(last, i)); return { ...frames[this.place], last: frames[last].moment, ...more }; };
    if (command === "begin") return begin;
    if (command === "start") return show(0, { still });
    if (command === "act" && values.action === "b") return show(this.place + 1, { ended: this.place + 1 >= last });
    if (command === "go_to") return show(frames.findLastIndex(frame => frame.moment <= values.moment));
    if (command === "source") return sources[values.name];
    return { error: "This is a recorded run. To train, change settings and look inside: python -m minigan.lab" };
  },
};
