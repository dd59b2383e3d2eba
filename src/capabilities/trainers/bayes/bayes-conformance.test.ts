import { trainerSuite } from "../../../../conformance/trainer.js";
import { predictInGraph } from "../../../../conformance/trainer-graph.js";
import { complementNaiveBayes } from "./complement-naive-bayes.js";
import { gaussianNaiveBayes } from "./gaussian-naive-bayes.js";
import { multinomialNaiveBayes } from "./multinomial-naive-bayes.js";

trainerSuite(gaussianNaiveBayes, { predictInGraph });
trainerSuite(multinomialNaiveBayes, { predictInGraph });
trainerSuite(complementNaiveBayes, { predictInGraph });
