import weightsUrl from '../test/fixtures/models/mnist-mlp.weights.bin?url';
import header from '../test/fixtures/models/mnist-mlp.weights.json';
import { array, gelu, linear, type Tensor } from '../src/index.ts';

/** Fetches the trained digit classifier: 784 pixels to ten scores. */
export async function loadClassifier(): Promise<(pixels: Tensor) => Tensor> {
  const response = await fetch(weightsUrl);
  if (!response.ok) throw new Error(`${weightsUrl}: ${response.status} ${response.statusText}`);
  const weights = await response.arrayBuffer();
  const parameter = (name: keyof typeof header.tensors) => {
    const { offset, length, shape } = header.tensors[name];
    return array(new Float32Array(weights, offset, length), shape);
  };
  const [w1, b1] = [parameter('fc1.weight'), parameter('fc1.bias')];
  const [w2, b2] = [parameter('fc2.weight'), parameter('fc2.bias')];
  const [w3, b3] = [parameter('fc3.weight'), parameter('fc3.bias')];
  return (pixels) => {
    const first = gelu(linear(pixels, w1, b1));
    const second = gelu(linear(first, w2, b2));
    return linear(second, w3, b3);
  };
}
