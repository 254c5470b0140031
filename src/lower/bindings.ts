import type { Tensor } from '../ir/tensor.ts';
import { bytesOf } from '../ops/storage.ts';
import { MEMORY_TYPE } from './types.ts';

interface Binding {
  readonly tensor: Tensor;
  readonly name: string;
  readonly access: 'read' | 'read_write';
  /** elements per array entry */
  readonly width: 1 | 4;
}

/** The buffers a kernel binds, found while its text is written. */
export class Bindings {
  readonly #list: Binding[] = [];

  #use(tensor: Tensor, access: Binding['access'], width: 1 | 4): string {
    const found = this.#list.find(
      (b) => b.tensor === tensor && b.access === access && b.width === width,
    );
    if (found) return found.name;
    const name = `${access === 'read' ? 'in' : 'out'}${this.#list.length}`;
    this.#list.push({ tensor, name, access, width });
    return name;
  }

  /** Name of the array that holds `tensor`, to read, one or four elements at a time. */
  read(tensor: Tensor, width: 1 | 4): string {
    return this.#use(tensor, 'read', width);
  }

  write(tensor: Tensor, width: 1 | 4): string {
    return this.#use(tensor, 'read_write', width);
  }

  get tensors(): readonly Tensor[] {
    return this.#list.map((b) => b.tensor);
  }

  get access(): readonly ('read' | 'read_write')[] {
    return this.#list.map((b) => b.access);
  }

  /** WGSL declarations; array lengths are part of the text, which some compilers use well. */
  declarations(): string {
    return this.#list
      .map((b, i) => {
        const type = MEMORY_TYPE[b.tensor.dtype];
        const length = bytesOf(b.tensor) / 4 / b.width;
        const element = b.width === 4 ? `vec4<${type}>` : type;
        return `@group(0) @binding(${i}) var<storage, ${b.access}> ${b.name}: array<${element}, ${length}>;`;
      })
      .join('\n');
  }
}
