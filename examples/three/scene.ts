import * as THREE from 'three/webgpu';
import { array, createEngine, type Engine } from '../../src/index.ts'; // in your app: 'cotangent'
import { grid, surface } from './surface.ts';

/** The renderer's own device and buffers; three does not yet give them a public name. */
interface WebGPUBackend {
  readonly device: GPUDevice;
  createStorageAttribute(attribute: THREE.BufferAttribute): void;
  get(attribute: THREE.BufferAttribute): { readonly buffer: GPUBuffer };
}

export interface Scene {
  readonly engine: Engine;
  /** computes the surface at a time, in seconds, and draws it */
  frame(time: number): void;
  dispose(): void;
}

/** A deforming surface: points and normals are computed on the renderer's device, in its buffers. */
export async function createScene(canvas: HTMLCanvasElement): Promise<Scene> {
  const renderer = new THREE.WebGPURenderer({ canvas, antialias: true });
  await renderer.init();
  renderer.setSize(canvas.width, canvas.height, false);
  const backend = renderer.backend as unknown as WebGPUBackend;
  const { device } = backend;

  const scene = new THREE.Scene();
  scene.background = new THREE.Color(0x10131a);
  const camera = new THREE.PerspectiveCamera(40, canvas.width / canvas.height, 0.1, 20);
  camera.position.set(0, -2.8, 3.8);
  camera.lookAt(0, 0, 0);
  const light = new THREE.DirectionalLight(0xffffff, 3);
  light.position.set(2, -1, 3);
  scene.add(light, new THREE.HemisphereLight(0x88aaff, 0x332211, 1));

  const { parameters, index } = grid(160, 64);
  const count = parameters.length / 2;
  const geometry = new THREE.BufferGeometry().setIndex(index);
  const material = new THREE.MeshStandardMaterial({ color: 0xff8a3d, roughness: 0.35 });
  const attributes = ['position', 'normal'].map((name) => {
    const attribute = new THREE.StorageBufferAttribute(count, 4);
    geometry.setAttribute(name, attribute);
    backend.createStorageAttribute(attribute);
    return attribute;
  });
  const mesh = new THREE.Mesh(geometry, material);
  mesh.frustumCulled = false; // its points are known to the GPU only
  scene.add(mesh);

  // a guest on the renderer's device: the outputs of the plan are the renderer's vertex buffers
  const engine = await createEngine({ device });
  const outputs = attributes.map((a) => engine.wrap(backend.get(a).buffer, [count, 4]));
  const clock = device.createBuffer({
    label: 'time',
    size: 16,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  const inputs = [engine.upload(array(parameters, [count, 2])), engine.wrap(clock, [])];
  const plan = await engine.compile(surface).prepare(...inputs);

  return {
    engine,
    frame(time) {
      device.queue.writeBuffer(clock, 0, Float32Array.of(time));
      const encoder = device.createCommandEncoder();
      plan.encode(encoder, { inputs, outputs });
      device.queue.submit([encoder.finish()]);
      renderer.render(scene, camera);
    },
    dispose() {
      engine.destroy(); // the device is the renderer's, and stays
      clock.destroy();
      geometry.dispose();
      material.dispose();
      void renderer.dispose();
    },
  };
}
