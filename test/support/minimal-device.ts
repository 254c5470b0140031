/**
 * Makes every device that `gpu` gives as poor as WebGPU allows: its guaranteed limits, no features. For
 * running the whole suite on such a device (COTANGENT_TEST_DEVICE=minimal).
 */
export function onlyMinimalDevices(gpu: GPU): void {
  const request = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await request(options);
    if (!adapter) return null;
    const requestDevice = adapter.requestDevice.bind(adapter);
    const values: Record<PropertyKey, unknown> = {
      // whatever is asked for: what is guaranteed
      requestDevice: ({ label = '' }: GPUDeviceDescriptor = {}) => requestDevice({ label }),
      limits: guaranteed,
      features: new Set(),
    };
    return new Proxy(adapter, {
      get(target, name) {
        if (name in values) return values[name];
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
}

/** The limits that this package asks for, at what every WebGPU device has. */
const guaranteed = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65535,
};
