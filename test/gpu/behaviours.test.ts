import { gpu } from '../support/backend.ts';
import { behaviours } from '../support/behaviours/index.ts';
import { scenarioSuite } from '../support/scenario.ts';

scenarioSuite(behaviours, gpu);
