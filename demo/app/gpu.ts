/** True where there is an adapter; otherwise what is missing. */
export async function hasGpu(): Promise<true | 'api' | 'adapter'> {
  // the type says that it is always there; browsers differ
  const gpu = navigator.gpu as GPU | undefined;
  if (!gpu) return 'api';
  return (await gpu.requestAdapter()) ? true : 'adapter';
}
