import { gpu } from '../support/backend.ts';
import { scenarioSuite } from '../support/scenario.ts';
import { scenarios } from '../support/scenarios/index.ts';

scenarioSuite(scenarios, gpu);
