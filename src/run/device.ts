import { NoAdapterError } from '../util/errors.ts';

/** Where an engine gets its device from. */
export interface DeviceOptions {
  /** the app's own device: used as it is and never destroyed */
  readonly device?: GPUDevice;
  /** the app's own adapter: a device is requested from it */
  readonly adapter?: GPUAdapter;
  /** where to look for an adapter; default `navigator.gpu` */
  readonly gpu?: GPU;
  /** default `"high-performance"` */
  readonly powerPreference?: GPUPowerPreference;
}

/** What is known about the adapter behind a device. Strings are empty where a browser hides them. */
export interface AdapterFacts {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** the "GPU" is the CPU: SwiftShader, lavapipe, WARP, or a fallback adapter */
  readonly isSoftware: boolean;
  /** 0 where it is not known */
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
}

/** Limits raised to what the adapter has: plans use them when they are there. */
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Features used when they are there. */
const wantedFeatures = ['subgroups', 'timestamp-query', 'shader-f16'] as const;

/**
 * A device with all that the adapter offers and this package can use.
 *
 * @throws NoAdapterError where there is no WebGPU, or no adapter
 */
export async function requestDevice(
  options: DeviceOptions,
): Promise<{ device: GPUDevice; adapter: GPUAdapter }> {
  const adapter = options.adapter ?? (await requestAdapter(options));
  const requiredLimits: Record<string, number> = {};
  for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
  const device = await adapter.requestDevice({
    label: 'cotangent',
    requiredLimits,
    requiredFeatures: wantedFeatures.filter((f) => adapter.features.has(f)),
  });
  return { device, adapter };
}

async function requestAdapter(options: DeviceOptions): Promise<GPUAdapter> {
  const gpu =
    options.gpu ?? (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu ?? undefined;
  if (!gpu)
    throw new NoAdapterError(
      'createEngine: this environment has no WebGPU (no navigator.gpu); in Node import from "cotangent/node", in a page use a browser with WebGPU over https or localhost, or pass { device }',
    );
  const adapter = await gpu.requestAdapter({
    powerPreference: options.powerPreference ?? 'high-performance',
  });
  if (!adapter)
    throw new NoAdapterError(
      'createEngine: WebGPU is there but offers no adapter; check the GPU driver (Linux: a Vulkan driver, or a software one such as SwiftShader or lavapipe), or pass { adapter } or { device }',
    );
  return adapter;
}

/** The facts about a device's adapter; of a foreign device, as far as the device tells. */
export function adapterFacts(device: GPUDevice, adapter?: GPUAdapter): AdapterFacts {
  // `device.adapterInfo` is newer than `adapter.info`; `isFallbackAdapter` moved from one to the other
  const info = (adapter?.info ?? device.adapterInfo) as Partial<GPUAdapterInfo> | undefined;
  const text = [info?.vendor, info?.architecture, info?.device, info?.description].join(' ');
  const fallback =
    info?.isFallbackAdapter ??
    (adapter as { isFallbackAdapter?: boolean } | undefined)?.isFallbackAdapter ??
    false;
  return {
    vendor: info?.vendor ?? '',
    architecture: info?.architecture ?? '',
    description: info?.description ?? '',
    isSoftware: fallback || /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(text),
    subgroupMinSize: info?.subgroupMinSize ?? 0,
    subgroupMaxSize: info?.subgroupMaxSize ?? 0,
  };
}
