export { applyCalibration } from "./apply-calibration.js";
export type { CalibrationMethod, CalibrationState } from "./calibration-state.js";
export { emitCalibration } from "./emit-calibration.js";
export { fitCalibration } from "./fit-calibration.js";
