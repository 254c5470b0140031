import { reference } from '../support/backend.ts';
import { modelSuite } from '../support/model-suite.ts';

modelSuite(reference);
