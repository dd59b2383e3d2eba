export { applyCalibration } from "./apply-calibration.js";
export {
  CALIBRATION_METHODS,
  type CalibrationMap,
  type CalibrationMethod,
  type CalibrationState,
} from "./calibration-state.js";
export { emitCalibration } from "./emit-calibration.js";
export { type CalibrationOptions, fitCalibration } from "./fit-calibration.js";
