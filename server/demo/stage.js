// The demo's stage, drawn. `drawStage(canvas, phase)` paints the frame at `phase` (0 to 1) of a loop of
// sixteen slow beats. Every motion is a whole number of waves in the loop, so the last frame leads into the first.

const WIDTH = 1280;
const HEIGHT = 720;
const FLOOR = 520; // where the back wall meets the boards
const LIP = 606; // the stage's front edge
const TURN = 2 * Math.PI;

const NIGHT = ["#07141a", "#0e2429", "#1d2a26", "#3a2817"]; // the wall, top to bottom
const SODIUM = [255, 158, 66];
const BULB = [255, 226, 170];
const TEAL = [96, 190, 196];
const DARK = "#050404";

/** The row of lamps over the stage: the house mark, hung in a gentle curve. The middle one belongs to the singer. */
const LAMPS = [-3, -2, -1, 0, 1, 2, 3].map((place) => ({
  place,
  x: 640 + place * 168 - Math.sign(place) * place * place * 3,
  y: 176 - place * place * 9,
  size: 1 - Math.abs(place) * 0.11,
}));

function drawStage(canvas, phase) {
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const ink = canvas.getContext("2d");
  const lamps = LAMPS.map((lamp) => ({ ...lamp, light: lightOf(lamp, phase) }));
  drawWall(ink, lamps, phase);
  drawBackBeams(ink, phase);
  drawHaze(ink, phase);
  drawBoards(ink, lamps);
  drawCones(ink, lamps);
  drawRig(ink, lamps);
  drawDust(ink, phase);
  drawFigures(ink, lamps, phase);
  drawFrontEdge(ink, phase);
  drawCrowd(ink, phase);
  drawVignette(ink);
}

// ── light ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A wave that walks along the row twice a loop; the singer's lamp only breathes. */
function lightOf(lamp, phase) {
  if (lamp.place === 0) return 0.96 + 0.04 * Math.cos(TURN * 2 * phase);
  const wave = 0.5 + 0.5 * Math.cos(TURN * (2 * phase - lamp.place / 7));
  return 0.24 + 0.66 * wave ** 2;
}

const rgba = ([red, green, blue], alpha) => `rgba(${red}, ${green}, ${blue}, ${alpha})`;

/** Paints onto a layer of its own, blurs it, and lays it on as light. */
function glow(ink, blur, paint) {
  const layer = layerOf();
  const light = layer.getContext("2d");
  paint(light);
  ink.save();
  ink.globalCompositeOperation = "screen";
  ink.filter = blur ? `blur(${blur}px)` : "none";
  ink.drawImage(layer, 0, 0);
  ink.restore();
}

function layerOf() {
  const layer = document.createElement("canvas");
  layer.width = WIDTH;
  layer.height = HEIGHT;
  return layer;
}

function drawWall(ink, lamps, phase) {
  const wall = ink.createLinearGradient(0, 0, 0, FLOOR);
  NIGHT.forEach((colour, place) => wall.addColorStop([0, 0.45, 0.8, 1][place], colour));
  ink.fillStyle = wall;
  ink.fillRect(0, 0, WIDTH, HEIGHT);
  const room = lamps.reduce((sum, lamp) => sum + lamp.light, 0) / lamps.length;
  glow(ink, 0, (light) => {
    const warm = light.createRadialGradient(640, FLOOR + 10, 20, 640, FLOOR + 10, 760);
    warm.addColorStop(0, rgba([214, 112, 38], 0.34 * room + 0.12));
    warm.addColorStop(0.4, rgba([196, 98, 34], 0.18 * room + 0.06));
    warm.addColorStop(1, rgba([150, 70, 20], 0));
    light.setTransform(1, 0, 0, 0.42, 0, (FLOOR + 10) * 0.58);
    light.fillStyle = warm;
    light.fillRect(0, -400, WIDTH, 2200);
  });
}

/** Four cool beams from behind, that lean to and fro. */
function drawBackBeams(ink, phase) {
  glow(ink, 16, (light) => {
    for (const [x, lean, offset] of [[150, 0.3, 0], [430, 0.14, 0.35], [850, -0.14, 0.85], [1130, -0.3, 0.5]]) {
      const angle = lean + 0.1 * Math.sin(TURN * (phase + offset));
      light.save();
      light.translate(x, -30);
      light.rotate(-angle);
      const beam = light.createLinearGradient(0, 0, 0, 640);
      beam.addColorStop(0, rgba(TEAL, 0.42));
      beam.addColorStop(0.5, rgba(TEAL, 0.14));
      beam.addColorStop(1, rgba(TEAL, 0));
      light.fillStyle = beam;
      light.beginPath();
      light.moveTo(-7, 0);
      light.lineTo(7, 0);
      light.lineTo(86, 640);
      light.lineTo(-86, 640);
      light.fill();
      light.restore();
    }
  });
}

/** Slow air, so that the beams have something to stand in. */
function drawHaze(ink, phase) {
  glow(ink, 0, (light) => {
    for (let cloud = 0; cloud < 7; cloud += 1) {
      const turn = TURN * (phase + cloud / 7);
      const x = 640 + (cloud - 3) * 190 + 70 * Math.cos(turn);
      const y = 400 + 40 * Math.sin(turn) + (cloud % 2) * 60;
      const air = light.createRadialGradient(x, y, 0, x, y, 300);
      air.addColorStop(0, rgba(cloud % 2 ? [190, 120, 60] : [80, 130, 130], 0.075));
      air.addColorStop(1, rgba([90, 90, 80], 0));
      light.fillStyle = air;
      light.fillRect(0, 0, WIDTH, HEIGHT);
    }
  });
}

/** What each lamp throws: a hard inner cone and a soft outer one. */
function drawCones(ink, lamps) {
  for (const [blur, spread, strength] of [[18, 1.25, 0.44], [5, 0.8, 0.4]]) {
    glow(ink, blur, (light) => {
      for (const lamp of lamps) {
        const reach = FLOOR + 30 - lamp.y;
        const wide = (lamp.place === 0 ? 205 : 112) * lamp.size * spread;
        const cone = light.createLinearGradient(0, lamp.y, 0, lamp.y + reach);
        const near = lamp.light * strength * (lamp.place === 0 ? 1.55 : 1);
        cone.addColorStop(0, rgba([255, 182, 96], near));
        cone.addColorStop(0.25, rgba([255, 142, 48], near * 0.66));
        cone.addColorStop(1, rgba([236, 108, 28], near * 0.16));
        light.fillStyle = cone;
        light.beginPath();
        light.moveTo(lamp.x - 12 * lamp.size, lamp.y);
        light.lineTo(lamp.x + 12 * lamp.size, lamp.y);
        light.lineTo(lamp.x + wide, lamp.y + reach);
        light.lineTo(lamp.x - wide, lamp.y + reach);
        light.fill();
      }
    });
  }
}

// ── the house ─────────────────────────────────────────────────────────────────────────────────────────────────

function drawBoards(ink, lamps) {
  const boards = ink.createLinearGradient(0, FLOOR, 0, HEIGHT);
  boards.addColorStop(0, "#4a2c14");
  boards.addColorStop(0.3, "#24160b");
  boards.addColorStop(1, "#060403");
  ink.fillStyle = boards;
  ink.fillRect(0, FLOOR, WIDTH, HEIGHT - FLOOR);
  glow(ink, 7, (light) => {
    for (const lamp of lamps) {
      const wide = (lamp.place === 0 ? 220 : 100) * lamp.size;
      ellipse(light, lamp.x, FLOOR + 22, wide, wide * 0.105, rgba([255, 176, 92], lamp.light * (lamp.place === 0 ? 0.6 : 0.3)));
      const streak = light.createLinearGradient(0, FLOOR + 20, 0, LIP + 30);
      streak.addColorStop(0, rgba([255, 186, 104], lamp.light * 0.36));
      streak.addColorStop(1, rgba(SODIUM, 0));
      light.fillStyle = streak;
      light.fillRect(lamp.x - 13 * lamp.size, FLOOR + 20, 26 * lamp.size, LIP + 30 - FLOOR);
    }
  });
}

function drawRig(ink, lamps) {
  ink.save();
  ink.strokeStyle = "#080706";
  ink.lineWidth = 7;
  ink.beginPath();
  ink.moveTo(-20, 92);
  ink.quadraticCurveTo(640, -46, WIDTH + 20, 92);
  ink.stroke();
  ink.lineWidth = 2.5;
  for (const lamp of lamps) {
    ink.beginPath();
    ink.moveTo(lamp.x, 20 + 0.00017 * (lamp.x - 640) ** 2);
    ink.lineTo(lamp.x, lamp.y - 12 * lamp.size);
    ink.stroke();
  }
  ink.restore();
  glow(ink, 0, (light) => {
    for (const lamp of lamps) {
      const wide = (lamp.place === 0 ? 150 : 104) * lamp.size;
      const halo = light.createRadialGradient(lamp.x, lamp.y, 0, lamp.x, lamp.y, wide);
      halo.addColorStop(0, rgba(BULB, 0.95 * lamp.light));
      halo.addColorStop(0.12, rgba([255, 184, 92], 0.62 * lamp.light));
      halo.addColorStop(0.42, rgba([255, 138, 44], 0.26 * lamp.light));
      halo.addColorStop(1, rgba(SODIUM, 0));
      light.fillStyle = halo;
      light.fillRect(lamp.x - wide, lamp.y - wide, 2 * wide, 2 * wide);
    }
  });
  for (const lamp of lamps) {
    const wide = 25 * lamp.size;
    ink.fillStyle = DARK;
    ink.beginPath();
    ink.moveTo(lamp.x - wide, lamp.y);
    ink.quadraticCurveTo(lamp.x - wide * 0.4, lamp.y - wide * 0.25, lamp.x - wide * 0.28, lamp.y - wide * 0.8);
    ink.lineTo(lamp.x + wide * 0.28, lamp.y - wide * 0.8);
    ink.quadraticCurveTo(lamp.x + wide * 0.4, lamp.y - wide * 0.25, lamp.x + wide, lamp.y);
    ink.fill();
    ellipse(ink, lamp.x, lamp.y + 1, wide * 0.86, wide * 0.26, rgba(BULB, 0.35 + 0.65 * lamp.light));
  }
}

/** The footlights: a lamp a beat, sixteen to the loop, each lit a little longer than its own. */
function drawFrontEdge(ink, phase) {
  ink.fillStyle = "#040303";
  ink.fillRect(0, LIP, WIDTH, HEIGHT - LIP);
  ink.fillStyle = "rgba(255, 168, 84, 0.5)";
  ink.fillRect(0, LIP - 1.5, WIDTH, 1.5);
  glow(ink, 0, (light) => {
    for (let beat = 0; beat < 16; beat += 1) {
      const x = 40 + beat * 80;
      const since = (phase - (beat + 0.5) / 16 + 1) % 1;
      const lit = Math.max(Math.exp(-since * 9), Math.exp(-(1 - since) * 40));
      const wide = 42;
      const halo = light.createRadialGradient(x, LIP + 11, 0, x, LIP + 11, wide);
      halo.addColorStop(0, rgba(BULB, 0.22 + 0.78 * lit));
      halo.addColorStop(0.13, rgba(SODIUM, 0.16 + 0.7 * lit));
      halo.addColorStop(0.2, rgba(SODIUM, 0.03 + 0.25 * lit));
      halo.addColorStop(1, rgba(SODIUM, 0));
      light.fillStyle = halo;
      light.fillRect(x - wide, LIP + 11 - wide, 2 * wide, 2 * wide);
    }
  });
}

// ── people ────────────────────────────────────────────────────────────────────────────────────────────────────

function drawFigures(ink, lamps, phase) {
  const light = (place) => lamps[place + 3].light;
  figure(ink, light(-2) * 0.8 + 0.1, (shape) => drawBassist(shape, phase));
  figure(ink, light(2) * 0.8 + 0.1, (shape) => drawPianist(shape, phase));
  figure(ink, 1, (shape) => drawSinger(shape, phase));
}

/** A silhouette with the light of its lamp along the edges that look up. */
function figure(ink, lit, draw) {
  const shape = layerOf();
  const solid = shape.getContext("2d");
  solid.fillStyle = solid.strokeStyle = DARK;
  solid.lineCap = solid.lineJoin = "round";
  draw(solid);
  const rim = layerOf();
  const edge = rim.getContext("2d");
  edge.drawImage(shape, 0, 0);
  edge.globalCompositeOperation = "source-in";
  const warm = edge.createLinearGradient(0, 250, 0, 520);
  warm.addColorStop(0, rgba([255, 214, 150], lit));
  warm.addColorStop(0.5, rgba([240, 140, 58], 0.85 * lit));
  warm.addColorStop(1, rgba([160, 80, 24], 0.15 * lit));
  edge.fillStyle = warm;
  edge.fillRect(0, 0, WIDTH, HEIGHT);
  edge.globalCompositeOperation = "destination-out";
  edge.drawImage(shape, 0, 3.2);
  ink.drawImage(shape, 0, 0);
  ink.save();
  ink.filter = "blur(0.7px)";
  ink.drawImage(rim, 0, 0);
  ink.restore();
}

function drawSinger(ink, phase) {
  const sway = 0.03 * Math.sin(TURN * 2 * phase);
  const lift = 0.5 + 0.5 * Math.sin(TURN * (phase - 0.2));
  const foot = FLOOR + 44;
  ellipse(ink, 640, foot + 2, 74, 6, "rgba(0, 0, 0, 0.6)");
  // the microphone, which stands still
  ink.lineWidth = 4.5;
  line(ink, 584, foot, 584, foot - 206);
  line(ink, 584, foot - 206, 590, foot - 252);
  ellipse(ink, 584, foot, 24, 4.5, DARK);
  capsule(ink, 583, foot - 247, 598, foot - 266, 7);
  ellipse(ink, 601, foot - 270, 7, 7, DARK);
  ink.save();
  ink.translate(640, foot);
  ink.rotate(sway);
  // the coat: a bell that swings against the body
  const swing = -9 * Math.sin(TURN * 2 * phase - 0.9);
  ink.beginPath();
  ink.moveTo(-15, -180);
  ink.bezierCurveTo(-34, -138, -34, -66, -70 + swing, -3);
  ink.bezierCurveTo(-34 + swing, 7, -6 + swing, -5, 12 + swing, 3);
  ink.bezierCurveTo(34 + swing, 9, 56 + swing, 4, 78 + swing, -5);
  ink.bezierCurveTo(38, -62, 36, -138, 17, -180);
  ink.fill();
  // shoulders and waist
  ink.beginPath();
  ink.moveTo(-31, -238);
  ink.quadraticCurveTo(-30, -248, -12, -254);
  ink.quadraticCurveTo(1, -258, 14, -254);
  ink.quadraticCurveTo(32, -248, 33, -238);
  ink.quadraticCurveTo(27, -204, 17, -178);
  ink.lineTo(-15, -178);
  ink.quadraticCurveTo(-26, -206, -31, -238);
  ink.fill();
  // neck, head, hair
  const nod = 0.06 * Math.sin(TURN * 4 * phase + 0.6);
  ink.save();
  ink.translate(0, -250);
  ink.rotate(-0.1 + nod);
  capsule(ink, 2, 2, 0, -16, 13);
  ellipse(ink, -1, -34, 16, 21, DARK);
  ink.beginPath(); // forehead, nose, chin
  ink.moveTo(-12, -50);
  ink.lineTo(-16, -37);
  ink.lineTo(-21, -30);
  ink.lineTo(-16, -27);
  ink.quadraticCurveTo(-15, -14, -5, -12);
  ink.lineTo(10, -30);
  ink.fill();
  ink.beginPath(); // hair, drawn back
  ink.moveTo(-15, -46);
  ink.bezierCurveTo(-14, -66, 20, -66, 21, -38);
  ink.bezierCurveTo(21, -26, 16, -18, 9, -18);
  ink.fill();
  ellipse(ink, 19, -54, 12, 11, DARK);
  ink.restore();
  // the near arm holds on to the stand
  const grip = 3 * Math.sin(TURN * 2 * phase);
  limb(ink, [[-25, -239], [-45, -192], [-52 + grip, -240]], 14, 9);
  // the far arm goes up and comes down again
  const upper = -0.25 - 0.7 * lift;
  const lower = upper - 0.45 - 0.25 * lift;
  const elbow = [27 + 48 * Math.cos(upper), -241 + 48 * Math.sin(upper)];
  const hand = [elbow[0] + 48 * Math.cos(lower), elbow[1] + 48 * Math.sin(lower)];
  limb(ink, [[27, -241], elbow, hand], 14, 8);
  ink.lineWidth = 3.2;
  for (const finger of [-0.55, -0.15, 0.25]) {
    line(ink, hand[0], hand[1], hand[0] + 13 * Math.cos(lower + finger), hand[1] + 13 * Math.sin(lower + finger));
  }
  ink.restore();
}

function drawBassist(ink, phase) {
  const sway = 0.022 * Math.sin(TURN * 2 * phase + 1.1);
  ink.save();
  ink.translate(322, FLOOR + 24);
  ink.rotate(sway);
  limb(ink, [[-6, -100], [-14, -50], [-18, -2]], 20, 15);
  limb(ink, [[10, -100], [20, -50], [16, -2]], 20, 15);
  ink.beginPath();
  ink.roundRect(-24, -188, 48, 100, [22, 22, 12, 12]);
  ink.fill();
  capsule(ink, 0, -186, 3, -204, 13);
  ellipse(ink, 4, -214, 17, 21, DARK);
  ink.beginPath();
  ink.ellipse(3, -226, 24, 5, -0.08, 0, TURN);
  ink.fill();
  ink.beginPath();
  ink.roundRect(-12, -246, 30, 22, [9, 9, 2, 2]);
  ink.fill();
  // the bass: two round bouts, a long neck, a scroll
  ink.save();
  ink.translate(52, -4);
  ink.rotate(-0.13);
  ellipse(ink, 0, -44, 42, 42, DARK);
  ellipse(ink, 0, -104, 33, 34, DARK);
  ink.fillRect(-24, -96, 48, 40);
  ink.lineWidth = 8;
  line(ink, 0, -110, 0, -232);
  ellipse(ink, 0, -238, 8, 9, DARK);
  ink.lineWidth = 4;
  line(ink, 0, -4, 0, 8);
  ink.restore();
  const pluck = 5 * Math.sin(TURN * 8 * phase);
  limb(ink, [[14, -176], [40, -128 + pluck * 0.4], [58, -98 + pluck]], 16, 11);
  const slide = 12 * Math.sin(TURN * 2 * phase);
  limb(ink, [[-14, -178], [8, -142], [34, -196 + slide]], 16, 11);
  ink.restore();
}

function drawPianist(ink, phase) {
  const sway = 0.03 * Math.sin(TURN * 2 * phase + 2.4);
  const foot = FLOOR + 24;
  ink.lineWidth = 6;
  line(ink, 866, foot - 92, 900, foot);
  line(ink, 954, foot - 92, 872, foot);
  ink.beginPath();
  ink.roundRect(846, foot - 104, 124, 15, 4);
  ink.fill();
  line(ink, 998, foot - 62, 998, foot);
  ink.beginPath();
  ink.roundRect(972, foot - 68, 54, 12, 5);
  ink.fill();
  limb(ink, [[1000, foot - 66], [952, foot - 62], [958, foot - 2]], 23, 15);
  ink.save();
  ink.translate(1002, foot - 66);
  ink.rotate(-0.14 + sway);
  ink.beginPath();
  ink.roundRect(-24, -100, 46, 108, [22, 22, 14, 14]);
  ink.fill();
  capsule(ink, -2, -96, -5, -114, 13);
  ellipse(ink, -7, -124, 17, 21, DARK);
  ellipse(ink, 4, -136, 16, 14, DARK);
  const left = 6 * Math.max(0, Math.sin(TURN * 8 * phase));
  const right = 6 * Math.max(0, -Math.sin(TURN * 8 * phase));
  limb(ink, [[-10, -86], [-34, -46], [-64, -52 - left]], 15, 10);
  limb(ink, [[-2, -86], [-22, -38], [-46, -50 - right]], 15, 10);
  ink.restore();
}

/** Three rows of heads, nearer ones larger, some with a hand up that sways and a few with a small light in it. */
function drawCrowd(ink, phase) {
  const random = seeded(7);
  for (const [row, count, top, size] of [[0, 30, 642, 15], [1, 25, 668, 20], [2, 20, 702, 27]]) {
    figureRow(ink, row, (shape, lights) => {
      for (let seat = 0; seat < count; seat += 1) {
        const x = ((seat + 0.5 + 0.5 * (random() - 0.5)) / count) * (WIDTH + 60) - 30;
        const beat = TURN * (2 * phase + random());
        const y = top + 12 * (random() - 0.5);
        const head = size * (0.88 + 0.24 * random());
        const wave = 4 * Math.sin(beat + 1);
        ellipse(shape, x, y, head * 0.82, head, DARK);
        ellipse(shape, x, y + head * 2.1, head * 1.75, head * 1.3, DARK);
        const mood = random();
        const side = random() < 0.5 ? -1 : 1;
        if (mood < 0.2 && row < 2) {
          const hand = [x + side * head * 1.3 + wave * 1.6, y - head * 2.1];
          limb(shape, [[x + side * head * 1.3, y + head * 1.6], [x + side * head * 1.7 + wave * 0.4, y], hand], head * 0.56, head * 0.44);
          if (mood < 0.08) lights.push([hand[0], hand[1] - 8, 0.8 + 0.2 * Math.sin(beat)]);
        }
      }
    });
  }
}

function figureRow(ink, row, draw) {
  const shape = layerOf();
  const solid = shape.getContext("2d");
  solid.fillStyle = solid.strokeStyle = DARK;
  solid.lineCap = solid.lineJoin = "round";
  const lights = [];
  draw(solid, lights);
  const rim = layerOf();
  const edge = rim.getContext("2d");
  edge.drawImage(shape, 0, 0);
  edge.globalCompositeOperation = "source-in";
  edge.fillStyle = rgba([226, 140, 70], [0.4, 0.2, 0.07][row]);
  edge.fillRect(0, 0, WIDTH, HEIGHT);
  edge.globalCompositeOperation = "destination-out";
  edge.drawImage(shape, 0, 2);
  ink.drawImage(shape, 0, 0);
  ink.drawImage(rim, 0, 0);
  glow(ink, 0, (light) => {
    for (const [x, y, strength] of lights) {
      const halo = light.createRadialGradient(x, y, 0, x, y, 26);
      halo.addColorStop(0, rgba([255, 220, 160], 0.34 * strength));
      halo.addColorStop(1, rgba(SODIUM, 0));
      light.fillStyle = halo;
      light.fillRect(x - 26, y - 26, 52, 52);
      light.fillStyle = rgba([255, 232, 190], strength);
      light.fillRect(x - 4, y - 7, 8, 13);
    }
  });
}

// ── air and frame ─────────────────────────────────────────────────────────────────────────────────────────────

/** Dust in the singer's light, rising slowly; each mote goes round a whole number of times. */
function drawDust(ink, phase) {
  const random = seeded(23);
  glow(ink, 0.6, (light) => {
    for (let mote = 0; mote < 34; mote += 1) {
      const height = (random() + phase * (random() < 0.5 ? 1 : 2)) % 1;
      const y = FLOOR - 330 * height;
      const wide = 175 * (1 - height) + 20;
      const x = 640 + wide * (2 * random() - 1) + 10 * Math.sin(TURN * (phase + random()));
      const seen = Math.sin(Math.PI * height) * (0.25 + 0.5 * random());
      ellipse(light, x, y, 1.5, 1.5, rgba([255, 214, 150], seen));
    }
  });
}

function drawVignette(ink) {
  const shade = ink.createRadialGradient(640, 360, 380, 640, 360, 860);
  shade.addColorStop(0, "rgba(0, 0, 0, 0)");
  shade.addColorStop(1, "rgba(0, 0, 0, 0.62)");
  ink.fillStyle = shade;
  ink.fillRect(0, 0, WIDTH, HEIGHT);
}

// ── shapes ────────────────────────────────────────────────────────────────────────────────────────────────────

function ellipse(ink, x, y, wide, high, colour) {
  ink.fillStyle = colour;
  ink.beginPath();
  ink.ellipse(x, y, wide, high, 0, 0, TURN);
  ink.fill();
}

function line(ink, x1, y1, x2, y2) {
  ink.beginPath();
  ink.moveTo(x1, y1);
  ink.lineTo(x2, y2);
  ink.stroke();
}

function capsule(ink, x1, y1, x2, y2, wide) {
  ink.lineWidth = wide;
  line(ink, x1, y1, x2, y2);
}

/** Two straight parts with a round joint, thinner towards the hand. */
function limb(ink, [shoulder, elbow, hand], thick, thin) {
  const half = (thick + thin) / 2;
  for (const [from, to, start, end] of [[shoulder, elbow, thick, half], [elbow, hand, half, thin]]) {
    const steps = 12;
    for (let step = 0; step <= steps; step += 1) {
      const way = step / steps;
      ellipse(ink, from[0] + (to[0] - from[0]) * way, from[1] + (to[1] - from[1]) * way, (start + (end - start) * way) / 2, (start + (end - start) * way) / 2, DARK);
    }
  }
}

/** The same crowd in every frame. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
