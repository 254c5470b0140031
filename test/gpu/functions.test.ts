import { gpu } from '../support/backend.ts';
import { functionSuite } from '../support/functions/suite.ts';

await functionSuite(gpu);
