import { render } from 'preact';
import { App } from './app/App.tsx';
import { hasGpu } from './app/gpu.ts';
import { followUrl } from './app/state.ts';
import { followTheme } from './app/theme.ts';

followTheme();
followUrl();
const root = document.getElementById('app') as HTMLElement;
const gpu = await hasGpu();
root.replaceChildren();
render(<App gpu={gpu} />, root);
document.body.dataset.state = gpu === true ? 'ready' : 'no-gpu';
