const bits = 'works on the bits of integers';
const strings = 'there are no tensors of strings';
const random = 'draws random numbers; a traced function has none';
const quantized = 'computes with quantized integers; convert the model to float';
const dataDependent = 'the shape of its result depends on values';

/** The ops of the default domain that are not supported, and why. */
export const reasons: Readonly<Record<string, string>> = {
  Bernoulli: random,
  BitCast: bits,
  BitShift: bits,
  BitwiseAnd: bits,
  BitwiseNot: bits,
  BitwiseOr: bits,
  BitwiseXor: bits,
  ConvInteger: quantized,
  DeformConv: 'samples at offsets that are computed; not written yet',
  Det: 'needs a factorization of matrices',
  DynamicQuantizeLinear: quantized,
  ImageDecoder: 'decodes a file',
  MatMulInteger: quantized,
  MaxRoiPool: 'pools over regions that are computed; not written yet',
  MaxUnpool: 'takes positions of maxima, which MaxPool does not give here',
  MelWeightMatrix: 'not written yet',
  Multinomial: random,
  NonMaxSuppression: dataDependent,
  QLinearConv: quantized,
  QLinearMatMul: quantized,
  QuantizeLinear: quantized,
  RandomNormal: random,
  RandomNormalLike: random,
  RandomUniform: random,
  RandomUniformLike: random,
  RegexFullMatch: strings,
  RoiAlign: 'samples regions that are computed; not written yet',
  StringConcat: strings,
  StringNormalizer: strings,
  StringSplit: strings,
  STFT: 'not written yet',
  DFT: 'not written yet',
  TensorScatter: 'not written yet',
  TfIdfVectorizer: strings,
  Unique: dataDependent,
  AffineGrid: 'not written yet',
};
