import { vi } from 'vitest';
import { reference } from '../support/backend.ts';
import { modelSuite } from '../support/model-suite.ts';

// convolutions take the interpreter seconds
vi.setConfig({ testTimeout: 60_000 });
modelSuite(reference);
