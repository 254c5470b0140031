import { createScene } from './scene.ts';

const canvas = document.querySelector('canvas') as HTMLCanvasElement;
canvas.width = innerWidth * devicePixelRatio;
canvas.height = innerHeight * devicePixelRatio;
const scene = await createScene(canvas);
const loop = (milliseconds: number): void => {
  scene.frame(milliseconds / 1000);
  requestAnimationFrame(loop);
};
requestAnimationFrame(loop);
