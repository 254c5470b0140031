import protobuf from 'protobufjs/minimal.js';
import type { Schema } from '../../../src/formats/onnx/wire.ts';

type Writer = protobuf.Writer;

const wireTypes = { int: 0, double: 1, string: 2, bytes: 2, float: 5 } as const;

/** A protobuf message from an object with the field names of a schema. */
export function encodeMessage(message: object, schema: Schema): Uint8Array {
  const writer = protobuf.Writer.create();
  write(writer, message, schema);
  return writer.finish();
}

function write(w: Writer, message: object, schema: Schema): void {
  for (const [name, [id, type]] of Object.entries(schema)) {
    const value: unknown = (message as Record<string, unknown>)[name];
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof type === 'function') {
        write(w.uint32((id << 3) | 2).fork(), item as object, type());
        w.ldelim();
        continue;
      }
      w.uint32((id << 3) | wireTypes[type]);
      if (type === 'int') w.int64(item as number);
      else if (type === 'float') w.float(item as number);
      else if (type === 'double') w.double(item as number);
      else if (type === 'string') w.string(item as string);
      else w.bytes(item as Uint8Array);
    }
  }
}
