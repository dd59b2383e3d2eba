import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { importModel } from "../../../workflows/use/import-detector.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "import",
  summary: "Register a model that was trained elsewhere: detectors from ONNX files of YOLO",
  example: "quern import yolov8n.onnx --task detection --classes names.txt --name street",
  arguments: [{ name: "file", help: "An ONNX file", required: true }],
  options: z.strictObject({
    name: z.string().register(fields, { title: "Name of the model" }),
    task: z
      .enum(["detection"])
      .default("detection")
      .register(fields, { title: "What the model answers", help: "Boxes around objects." }),
    classes: z.string().optional().register(fields, {
      title: "File with the names of the classes in their order",
      help: "One on each line, or the `data.yaml` of YOLO. Default: those in the model's file.",
    }),
    imageSize: z.coerce.number().int().min(32).max(4096).optional().register(fields, {
      title: "Side of the square to which pictures are brought",
      help: "Where the model leaves it open. Default: as its file says, else 640.",
    }),
    leastScore: z.coerce.number().min(0).max(1).optional().register(fields, {
      title: "Less sure boxes are left out",
      help: "Default: 0.01.",
    }),
    overlap: z.coerce.number().gt(0).max(1).optional().register(fields, {
      title: "Of two boxes of a class that overlap by more, the surer one is kept",
      help: "Intersection over union. Default: 0.7; 1 for models that choose their boxes themselves.",
    }),
    boxes: z.coerce.number().int().min(1).max(1000).optional().register(fields, {
      title: "Boxes answered for a picture",
      help: "Default: 300.",
    }),
    ...commonOptions,
  }),
  async run([file], options, io) {
    const { name, classes, imageSize, leastScore, overlap, boxes } = options;
    const result = await importModel(
      {
        ...{ file: file!, name, classes },
        ...(imageSize === undefined ? {} : { size: { height: imageSize, width: imageSize } }),
        ...(leastScore === undefined ? {} : { leastScore }),
        ...(overlap === undefined ? {} : { overlap }),
        ...(boxes === undefined ? {} : { limit: boxes }),
      },
      workflowOptions(options, io),
    );
    io.result(result, () => {
      const { model, version, labels, picture } = result;
      const names = labels.length > 5 ? `${labels.slice(0, 5).join(", ")}, …` : labels.join(", ");
      return `${model}@${version}: boxes of ${labels.length} classes (${names}) in pictures of ${picture.width} x ${picture.height}`;
    });
    return undefined;
  },
});
