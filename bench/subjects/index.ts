import type { Special, Subject } from '../subject.ts';
import a1 from './a1.ts';
import a64 from './a64.ts';
import attention from './attention.ts';
import autoencoder from './autoencoder.ts';
import b from './b.ts';
import batch from './batch.ts';
import c1 from './c1.ts';
import c16 from './c16.ts';
import convolutions from './convolutions.ts';
import d from './d.ts';
import diagonal from './diagonal.ts';
import e from './e.ts';
import hessian from './hessian.ts';
import host from './host.ts';
import hvp from './hvp.ts';
import layernorm from './layernorm.ts';
import memory from './memory.ts';
import products from './products.ts';
import resnet from './resnet.ts';
import { roofline } from './roofline.ts';
import softmax from './softmax.ts';

const networks = [a1, a64, b, c1, c16, d, autoencoder, attention, resnet];
const others = [layernorm, softmax, diagonal, e, hessian, hvp];

/** In the order in which they run. */
export const subjects: readonly (Subject | Special)[] = [
  ...networks,
  ...others,
  products,
  convolutions,
  roofline([...networks, ...others]),
  host,
  memory,
  batch,
];
