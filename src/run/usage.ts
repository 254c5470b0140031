// The numbers of WebGPU's flag namespaces. Spelled out, because in Node the namespaces are globals
// only if someone made them so.

const MAP_READ = 0x0001;
export const COPY_SRC = 0x0004;
const COPY_DST = 0x0008;
export const STORAGE = 0x0080;
export const QUERY_RESOLVE = 0x0200;

/** `GPUMapMode.READ` */
export const MAP_MODE_READ = 0x0001;
/** `GPUShaderStage.COMPUTE` */
export const STAGE_COMPUTE = 0x4;

/** What every data buffer of an engine can do, so that one pool serves all of them. */
export const DATA = STORAGE | COPY_SRC | COPY_DST;
/** What a readback buffer can do. */
export const STAGING = MAP_READ | COPY_DST;
