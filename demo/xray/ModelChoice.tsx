import type { Signal } from '@preact/signals';
import { transfer } from 'comlink';
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../ui/format.ts';
import type { ModelFacts, Port } from '../worker/api.ts';
import { worker } from '../worker/client.ts';

interface Props {
  readonly model: Signal<string>;
  readonly facts: ModelFacts | null;
  readonly ports: { readonly input?: string; readonly output?: string };
  readonly onPorts: (ports: { input?: string; output?: string }) => void;
  readonly onLoaded: (facts: ModelFacts) => void;
  readonly onError: (message: string) => void;
}

const shipped: Readonly<Record<string, string>> = {
  mlp: 'Dense network',
  cnn: 'Convolutional network',
};

/** Chooses a model, also the visitor's own: from a file dialog, or dropped anywhere on the page. */
export function ModelChoice({ model, facts, ports, onPorts, onLoaded, onError }: Props) {
  const [over, setOver] = useState(false);
  const [own, setOwn] = useState('');
  const open = async (file: File): Promise<void> => {
    try {
      const bytes = await file.arrayBuffer();
      const loaded = await worker().add(`file:${file.name}`, transfer(bytes, [bytes]));
      setOwn(file.name);
      onLoaded(loaded);
    } catch (e) {
      onError(`${file.name}: ${messageOf(e)}`);
    }
  };
  useEffect(() => {
    const hover = (e: DragEvent): void => {
      e.preventDefault();
      setOver(true);
    };
    const leave = (e: DragEvent): void => {
      if (!e.relatedTarget) setOver(false);
    };
    const drop = (e: DragEvent): void => {
      e.preventDefault();
      setOver(false);
      const file = e.dataTransfer?.files[0];
      if (file) void open(file);
    };
    addEventListener('dragover', hover);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', hover);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return (
    <div class="model">
      <label>
        Model
        <select value={model.value} onChange={(e) => (model.value = e.currentTarget.value)}>
          {Object.entries(shipped).map(([id, title]) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
          {own && <option value={`file:${own}`}>{own}</option>}
        </select>
      </label>
      <label class="button file">
        Open .onnx
        <input
          type="file"
          accept=".onnx"
          onChange={(e) => {
            const file = e.currentTarget.files?.[0];
            e.currentTarget.value = '';
            if (file) void open(file);
          }}
        />
      </label>
      {facts && (facts.inputs.length > 1 || facts.outputs.length > 1) && (
        <>
          <Ports
            title="Input"
            list={facts.inputs}
            value={ports.input}
            onChange={(input) => onPorts({ ...ports, input })}
          />
          <Ports
            title="Output"
            list={facts.outputs}
            value={ports.output}
            onChange={(output) => onPorts({ ...ports, output })}
          />
        </>
      )}
      {over && <div class="drop">Drop an .onnx file to X-ray it</div>}
    </div>
  );
}

function Ports(props: {
  readonly title: string;
  readonly list: readonly Port[];
  readonly value: string | undefined;
  readonly onChange: (name: string) => void;
}) {
  return (
    <label>
      {props.title}
      <select
        value={props.value ?? props.list[0]?.name ?? ''}
        onChange={(e) => props.onChange(e.currentTarget.value)}
      >
        {props.list.map(({ name, shape }) => (
          <option key={name} value={name}>
            {name} [{shape.join('×')}]
          </option>
        ))}
      </select>
    </label>
  );
}
