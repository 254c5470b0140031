/** Base of every error this package throws. The message says who, what it got, and what to do. */
export class CotangentError extends Error {
  override name = 'CotangentError';
}

/** Shapes, axes or sizes that do not fit together. Thrown while tracing. */
export class ShapeError extends CotangentError {
  override name = 'ShapeError';
}

/** An element type that an operation does not take, for example the derivative by integers. */
export class DTypeError extends CotangentError {
  override name = 'DTypeError';
}

/** A function that cannot be traced or transformed as asked. */
export class TraceError extends CotangentError {
  override name = 'TraceError';
}

/** Something the mathematics allows and this version cannot do yet. */
export class UnsupportedError extends CotangentError {
  override name = 'UnsupportedError';
}

/** There is no WebGPU, or no adapter. */
export class NoAdapterError extends CotangentError {
  override name = 'NoAdapterError';
}

/** A plan needs more than the device's limits allow. */
export class LimitError extends CotangentError {
  override name = 'LimitError';
}

/** A GPU buffer or device array that cannot be used as asked: destroyed, too small, a usage flag missing. */
export class BufferError extends CotangentError {
  override name = 'BufferError';
}

/** The device could not allocate what a plan needs. */
export class OutOfMemoryError extends CotangentError {
  override name = 'OutOfMemoryError';
}

/** The GPU device was lost, or destroyed, before the result was there. */
export class DeviceLostError extends CotangentError {
  override name = 'DeviceLostError';
}

/** The GPU refused a shader or a command: a fault of this package, never of the caller's numbers. */
export class ValidationError extends CotangentError {
  override name = 'ValidationError';
}

/** With `debug: "nan"`: an op made a NaN or infinity of finite numbers. */
export class NonFiniteError extends CotangentError {
  override name = 'NonFiniteError';
}

/** A file that is not what it says it is. */
export class FormatError extends CotangentError {
  override name = 'FormatError';
}
