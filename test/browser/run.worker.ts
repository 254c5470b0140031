import { EngineDevice } from '../../src/run/engine.ts';
import { array } from '../../src/util/array.ts';

// In a dedicated worker: there and back through an engine of its own.
addEventListener('message', (event: MessageEvent<number[]>) => {
  void (async () => {
    const engine = await EngineDevice.create();
    postMessage(await engine.upload(array(event.data)).toNested());
    engine.destroy();
  })();
});
