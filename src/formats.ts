/** `cotangent/formats`: arrays in files, NumPy's and safetensors, read and written. */
export type { FileArray, NamedArrays } from './formats/arrays.ts';
export { decodeNpy, encodeNpy } from './formats/npy.ts';
export { decodeNpz, encodeNpz, type NpzOptions } from './formats/npz.ts';
export { decodeSafetensors, encodeSafetensors, type Safetensors } from './formats/safetensors.ts';
export { FormatError } from './util/errors.ts';
