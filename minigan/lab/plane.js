// Draws: the plane of a frame, and curves.  Nothing here knows how a frame was made.
"use strict";

const LIMIT = 2, LINES = 13, SIDE = 40;
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

function sized(canvas) {
  const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  const w = Math.max(1, Math.round(box.width * ratio)), h = Math.max(1, Math.round(box.height * ratio));
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.width, box.height);
  return [pen, box.width, box.height];
}

const rgb = text => [1, 3, 5].map(i => parseInt(text.slice(i, i + 2), 16));

class Plane {
  constructor(canvas) {
    this.canvas = canvas;
    this.image = document.createElement("canvas");
    this.image.width = this.image.height = SIDE;
    this.trail = [];
  }

  place([x, y]) { return [(x + LIMIT) / (2 * LIMIT) * this.size, (LIMIT - y) / (2 * LIMIT) * this.size]; }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * 2 * LIMIT - LIMIT, LIMIT - (event.clientY - box.top) / box.height * 2 * LIMIT];
  }

  nearest(frame, [x, y]) {
    let best = -1, least = (0.025 * 2 * LIMIT) ** 2;
    frame.fake.forEach(([a, b], i) => {
      const far = (a - x) ** 2 + (b - y) ** 2;
      if (far < least) { least = far; best = i; }
    });
    return best;
  }

  draw(frame, still, shown, chosen, drawn, cursor) {
    const [pen, size] = sized(this.canvas);
    this.size = size;
    const real = colour("real"), fake = colour("fake");
    if (shown.surface) this.surface(pen, frame.surface, rgb(real), rgb(fake));
    if (shown.grid && frame.grid.length) this.warped(pen, frame.grid);
    if (still.centres && shown.centres) {
      pen.strokeStyle = colour("text");
      for (const c of still.centres) {
        const [x, y] = this.place(c);
        pen.beginPath(); pen.moveTo(x - 6, y); pen.lineTo(x + 6, y); pen.moveTo(x, y - 6); pen.lineTo(x, y + 6); pen.stroke();
      }
    }
    pen.fillStyle = real;
    if (shown.real) for (const p of still.real) { const [x, y] = this.place(p); pen.beginPath(); pen.arc(x, y, 2.2, 0, 7); pen.fill(); }
    if (shown.arrows) this.arrows(pen, frame);
    pen.fillStyle = fake;
    if (shown.fake) for (const p of frame.fake) this.triangle(pen, this.place(p), 3.6);
    if (chosen >= 0) this.followed(pen, frame, chosen);
    pen.fillStyle = colour("accent");
    for (const p of drawn) { const [x, y] = this.place(p); pen.fillRect(x - 2, y - 2, 4, 4); }
    if (cursor) { const [x, y] = this.place(cursor); pen.strokeRect(x - 5, y - 5, 10, 10); }
  }

  surface(pen, p, real, fake) {
    const image = this.image.getContext("2d"), data = image.createImageData(SIDE, SIDE);
    p.forEach((value, i) => {
      const share = value / 255 * 2 - 1, from = share > 0 ? real : fake;
      data.data.set([...from, Math.round(150 * Math.abs(share))], 4 * i);
    });
    image.putImageData(data, 0, 0);
    pen.drawImage(this.image, 0, 0, this.size, this.size);
  }

  warped(pen, grid) {
    pen.strokeStyle = colour("grid"); pen.globalAlpha = 0.7; pen.lineWidth = 1; pen.beginPath();
    for (let i = 0; i < LINES; i++) for (const along of [j => grid[i * LINES + j], j => grid[j * LINES + i]])
      for (let j = 0; j < LINES; j++) pen[j ? "lineTo" : "moveTo"](...this.place(along(j)));
    pen.stroke(); pen.globalAlpha = 1;
  }

  arrows(pen, frame) {
    pen.strokeStyle = colour("text"); pen.globalAlpha = 0.55; pen.lineWidth = 1; pen.beginPath();
    frame.fake.forEach((p, i) => {
      const [x, y] = this.place(p), [dx, dy] = frame.arrows[i], length = Math.hypot(dx, dy);
      if (!length) return;
      const shown = 28 * length / (0.3 + length), u = dx / length * shown, v = -dy / length * shown;
      pen.moveTo(x, y); pen.lineTo(x + u, y + v);
      pen.lineTo(x + 0.7 * u - 0.15 * v, y + 0.7 * v + 0.15 * u);
      pen.moveTo(x + u, y + v); pen.lineTo(x + 0.7 * u + 0.15 * v, y + 0.7 * v - 0.15 * u);
    });
    pen.stroke(); pen.globalAlpha = 1;
  }

  triangle(pen, [x, y], r) {
    pen.beginPath(); pen.moveTo(x, y - r); pen.lineTo(x + r, y + 0.8 * r); pen.lineTo(x - r, y + 0.8 * r); pen.fill();
  }

  followed(pen, frame, chosen) {
    const [x, y] = this.place(frame.fake[chosen]);
    pen.strokeStyle = colour("fake"); pen.lineWidth = 1.5; pen.beginPath();
    this.trail.forEach((p, i) => pen[i ? "lineTo" : "moveTo"](...this.place(p)));
    pen.stroke();
    pen.strokeStyle = colour("text"); pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.stroke();
  }
}

// Curves over the moments: columns is [[name, numbers], ...], at most two; `now` is marked by a line.
function drawCurves(canvas, moments, columns, last, now, range) {
  const [pen, w, h] = sized(canvas), colours = [colour("real"), colour("fake")];
  const all = columns.flatMap(([, values]) => values).filter(v => v !== null && v !== undefined);
  if (!all.length) return;
  let [low, high] = range || [Math.min(...all.slice(-20000)), Math.max(...all.slice(-20000))];
  if (high - low < 1e-9) { high += 0.5; low -= 0.5; }
  const x = m => 30 + (w - 36) * m / Math.max(1, last), y = v => h - 6 - (h - 12) * (Math.min(high, Math.max(low, v)) - low) / (high - low);
  pen.font = "9px sans-serif"; pen.fillStyle = colour("dim"); pen.textAlign = "right";
  pen.fillText(+high.toPrecision(2), 26, 12); pen.fillText(+low.toPrecision(2), 26, h - 4);
  columns.forEach(([, values], c) => {
    pen.strokeStyle = colours[c]; pen.lineWidth = 1.2; pen.setLineDash(c ? [4, 2] : []); pen.beginPath();
    const bin = Math.max(1, Math.ceil(values.length / w));
    let open = false;
    for (let i = 0; i < values.length; i += bin) {
      const part = values.slice(i, i + bin).filter(v => v !== null && v !== undefined);
      if (!part.length) { open = open && bin > 1; continue; }
      const mean = part.reduce((a, b) => a + b, 0) / part.length;
      pen[open ? "lineTo" : "moveTo"](x(moments[i]), y(mean)); open = true;
    }
    pen.stroke();
  });
  pen.setLineDash([]); pen.strokeStyle = colour("dim"); pen.beginPath(); pen.moveTo(x(now), 2); pen.lineTo(x(now), h - 2); pen.stroke();
}
