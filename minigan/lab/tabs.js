// The tabs of the page: the plane, digits and faces, Python.
"use strict";

const TABS = ["plane", "digits", "python"];

function openTab(name) {
  if (name !== "plane") pause();
  document.body.dataset.tab = name;
  for (const other of TABS) {
    const open = other === name, button = $("open-" + other);
    button.setAttribute("aria-selected", open);
    button.tabIndex = open ? 0 : -1;
    $("page-" + other).hidden = !open;
  }
  lab.more.tab = name === "plane" ? undefined : name;
  say(name !== "plane" && engine.now.recorded ? "This needs Python: " + (engine.canRunHere ? 'press "Run live in this browser"' : "python -m minigan.lab") : "");
  if (name === "plane") show();
  if (name === "digits") openDigits();
  if (name === "python") openPython();
  writeAddress();
}

function makeTabs() {
  for (const name of TABS) {
    $("open-" + name).addEventListener("click", () => openTab(name));
    $("open-" + name).addEventListener("keydown", event => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      const next = TABS[(TABS.indexOf(name) + move + TABS.length) % TABS.length];
      openTab(next);
      $("open-" + next).focus();
    });
  }
  listenToDigits();
  listenToPython();
}

// What the address says of the tabs; lab.more is what they say to it.
function readTabs(state) {
  if (state.digits) readDigits(state.digits);
  openTab(TABS.includes(state.tab) ? state.tab : !state.start && lab.more.tab || "plane");
}
