export { type ComparisonOptions, compareDatasets } from "./compare-datasets.js";
export { type DatasetHome, type OpenedDataset, openDataset, saveDataset } from "./dataset-versions.js";
export { type DatasetContent, describeDataset } from "./describe-dataset.js";
