// Pictures for a model in the browser: from a file to pixels, and answers drawn over them.

/** As `PredictorOptions.decodeImage` wants it: turned as EXIF says, on white where it is transparent. */
export async function decodeImage(bytes) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
  } catch {
    throw new Error("it is no picture that this browser reads");
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) pixels.set(data.subarray(4 * at, 4 * at + 3), 3 * at);
  return { width, height, channels: 3, data: pixels };
}

/** A hue of its own for each label, far from those of its neighbours. */
const colourOf = (index, alpha = 1) => `hsl(${(index * 137.5) % 360} 85% 45% / ${alpha})`;

/** The picture with what was answered: boxes from a score on, or the classes of its pixels but the first. */
export async function drawAnswer(canvas, bytes, answer, labels, leastScore = 0.3) {
  const bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.hidden = false;
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  if (answer.boxes)
    drawBoxes(
      context,
      answer.boxes.filter(({ score }) => score >= leastScore),
      labels,
    );
  if (answer.mask) drawMask(context, answer.mask);
}

function drawBoxes(context, boxes, labels) {
  const { width, height } = context.canvas;
  const unit = Math.max(width, height) / 40;
  context.font = `${unit}px system-ui, sans-serif`;
  context.lineWidth = unit / 6;
  context.textBaseline = "bottom";
  // The surest last, on top.
  for (const { label, score, box } of [...boxes].reverse()) {
    const [x, y, across, down] = [box[0] * width, box[1] * height, box[2] * width, box[3] * height];
    const text = `${label} ${score.toFixed(2)}`;
    const top = Math.max(y, 1.3 * unit);
    context.strokeStyle = colourOf(labels.indexOf(label));
    context.fillStyle = context.strokeStyle;
    context.strokeRect(x, y, across, down);
    context.fillRect(x, top - 1.3 * unit, context.measureText(text).width + unit / 2, 1.3 * unit);
    context.fillStyle = "#ffffff";
    context.fillText(text, x + unit / 4, top);
  }
}

/** Runs of class and length, row after row, in strips over the picture. */
function drawMask(context, { width, height, runs }) {
  const [across, down] = [context.canvas.width / width, context.canvas.height / height];
  let at = 0;
  for (let k = 0; k < runs.length; k += 2) {
    const end = at + runs[k + 1];
    while (at < end) {
      const [x, y] = [at % width, Math.floor(at / width)];
      const length = Math.min(end - at, width - x);
      if (runs[k] > 0) {
        context.fillStyle = colourOf(runs[k], 0.55);
        context.fillRect(x * across, y * down, length * across, down);
      }
      at += length;
    }
  }
}
