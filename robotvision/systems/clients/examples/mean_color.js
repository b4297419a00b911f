/* Example recogniser: the room whose stored mean colour is nearest to the frame's.
 * Usage: node mean_color.js MEANS, a file of lines "red green blue room". */
"use strict";

const fs = require("fs");
const path = require("path");
const kit = process.env.ROBOTVISION_KIT || path.join(__dirname, "..", "robotvision.js");
const { open } = require(kit);

const means = fs.readFileSync(process.argv[2], "utf8").trimEnd().split("\n").map((line) => {
  const [r, g, b, ...room] = line.split(" ");
  return { mean: [Number(r), Number(g), Number(b)], room: room.join(" ") };
});

for (const frame of open({ channels: ["rgb"], name: "mean-color" })) {
  const { shape, data } = frame.images.rgb;
  const sum = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    sum[0] += data[i];
    sum[1] += data[i + 1];
    sum[2] += data[i + 2];
  }
  const n = shape[0] * shape[1];
  let best = null;
  for (const { mean, room } of means) {
    const d = mean.reduce((total, m, c) => total + (m - sum[c] / n) ** 2, 0);
    if (best === null || d < best.d) best = { d, room };
  }
  frame.answer(best.room, { confidence: 1 / (1 + best.d) });
}
