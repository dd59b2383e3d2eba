import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { elasticNet } from "./elastic-net.js";
import { lasso } from "./lasso.js";
import { leastSquares } from "./least-squares.js";
import { linearSvm } from "./linear-svm.js";
import { logisticRegression } from "./logistic-regression.js";
import { quadraticRidge } from "./quadratic-ridge.js";
import { ridge } from "./ridge.js";

trainerSuite(leastSquares, { predictInGraph });
trainerSuite(ridge, { predictInGraph });
trainerSuite(lasso, { predictInGraph });
trainerSuite(elasticNet, { predictInGraph });
trainerSuite(logisticRegression, { predictInGraph });
trainerSuite(linearSvm, { predictInGraph });
trainerSuite(quadraticRidge, { predictInGraph });
trainerSuite(quadraticRidge, { predictInGraph, rows: 20, config: { maximumColumns: 4 } });
