import { gpu } from '../support/backend.ts';
import { scenarioSuite } from '../support/scenario.ts';
import { tensorFunctions } from '../support/tensors/index.ts';

scenarioSuite(tensorFunctions, gpu);
