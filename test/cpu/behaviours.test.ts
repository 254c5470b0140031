import { reference } from '../support/backend.ts';
import { behaviours } from '../support/behaviours/index.ts';
import { scenarioSuite } from '../support/scenario.ts';

scenarioSuite(behaviours, reference);
