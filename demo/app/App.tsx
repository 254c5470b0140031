import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Boundary } from './Boundary.tsx';
import { Header } from './Header.tsx';
import { NoGpu } from './NoGpu.tsx';
import { messageOf } from '../ui/format.ts';
import { tab, type TabId } from './state.ts';

/** Panels are loaded when their tab is first opened. */
const panels: Record<TabId, () => Promise<ComponentType>> = {
  xray: async () => (await import('../xray/XRay.tsx')).XRay,
  latent: async () => (await import('../latent/Latent.tsx')).Latent,
  playground: async () => (await import('../playground/Playground.tsx')).Playground,
  race: async () => (await import('../race/Race.tsx')).Race,
};

export function App({ gpu }: { gpu: true | 'api' | 'adapter' }) {
  return (
    <>
      <Header live={gpu === true} />
      <main id="panel">
        {gpu === true ? (
          <div role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
            <Panel id={tab.value} key={tab.value} />
          </div>
        ) : (
          <NoGpu missing={gpu} />
        )}
      </main>
      <footer>
        <p>
          {gpu === true &&
            'Everything here is computed in this page, on your own GPU, with no request to any server. '}
          Digits: MNIST by LeCun, Cortes and Burges.
        </p>
      </footer>
    </>
  );
}

function Panel({ id }: { id: TabId }) {
  const [Shown, setShown] = useState<ComponentType | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    panels[id]().then((c) => setShown(() => c), setError);
  }, [id]);
  if (error)
    return (
      <p class="error" role="alert">
        This panel could not be loaded ({messageOf(error)}). Reload the page?
      </p>
    );
  return <Boundary>{Shown ? <Shown /> : <p class="loading">Loading …</p>}</Boundary>;
}
