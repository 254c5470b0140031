import { gpu } from '../support/backend.ts';
import { modelSuite } from '../support/model-suite.ts';
import { onnxNetworks } from '../support/onnx-models.ts';

// every array of every reference, from the .onnx files

modelSuite(gpu, onnxNetworks);
