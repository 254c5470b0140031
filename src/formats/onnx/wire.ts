import protobuf from 'protobufjs/minimal.js';
import { FormatError } from '../../util/errors.ts';

/** How the value of a field is written. `int` is any varint, signed, as a number. */
type Scalar = 'int' | 'float' | 'double' | 'string' | 'bytes';

/** A field of a message: its number, what it holds, and whether it may repeat. */
export type Field = readonly [id: number, type: Scalar | (() => Schema), repeats?: 'many'];

/** A kind of message: fields by name. */
export type Schema = Readonly<Record<string, Field>>;

type Reader = protobuf.Reader;

/** Messages nest only so deep: each level of `If` or `Loop` takes three. */
const DEEPEST = 60;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

const scalars: Record<Scalar, { wire: number; read: (r: Reader) => unknown }> = {
  int: { wire: VARINT, read: (r) => toNumber(r.int64()) },
  float: { wire: FIXED32, read: (r) => r.float() },
  double: { wire: FIXED64, read: (r) => r.double() },
  string: { wire: LENGTH, read: (r) => r.string() },
  bytes: { wire: LENGTH, read: (r) => viewOf(r) },
};

/** protobufjs gives 64-bit integers as objects of the package `long`. */
const toNumber = (v: unknown): number =>
  typeof v === 'number' ? v : (v as { toNumber(): number }).toNumber();

/** Bytes where they lie in the file, without a copy. */
function viewOf(r: Reader): Uint8Array {
  const length = r.uint32();
  if (length > r.len - r.pos)
    throw new RangeError(`${length} bytes announced at byte ${r.pos}, ${r.len - r.pos} are left`);
  r.pos += length;
  return r.buf.subarray(r.pos - length, r.pos);
}

type Message = Record<string, unknown>;

const byNumber = new WeakMap<Schema, Map<number, [name: string, field: Field]>>();

function fieldsOf(schema: Schema): Map<number, [name: string, field: Field]> {
  let fields = byNumber.get(schema);
  if (!fields) {
    fields = new Map(Object.entries(schema).map(([name, field]) => [field[0], [name, field]]));
    byNumber.set(schema, fields);
  }
  return fields;
}

/**
 * Decodes a protobuf message; fields that the schema does not name are skipped. A field that may repeat
 * is always a list, any other one is missing where the file has none.
 *
 * @param what the message is, for errors
 * @throws FormatError that says in which field, for bytes that are no such message
 */
export function decodeMessage(bytes: Uint8Array, schema: Schema, what: string): unknown {
  // as a plain view: of a Node Buffer, protobufjs would make another reader
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new protobuf.Reader(plain);
  const path: string[] = [what];
  try {
    return decode(reader, reader.len, schema, path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(
      `${path.join('.')}: not a message of the ONNX format at byte ${reader.pos} (${reason}); is the file whole?`,
      { cause: error },
    );
  }
}

/** Reads one message that ends before `end`. What is thrown leaves `path` where it happened. */
function decode(r: Reader, end: number, schema: Schema, path: string[]): Message {
  if (path.length > DEEPEST) throw new RangeError(`messages nest deeper than ${DEEPEST}`);
  const message: Message = {};
  for (const [name, [, , many]] of Object.entries(schema)) if (many) message[name] = [];
  const fields = fieldsOf(schema);
  while (r.pos < end) {
    const tag = r.tag();
    const found = fields.get(tag >>> 3);
    if (!found) {
      r.skipType(tag & 7, 0, tag >>> 3);
      continue;
    }
    const [name, [, type, many]] = found;
    path.push(name);
    const list = many ? (message[name] as unknown[]) : undefined;
    const put = (value: unknown): void => {
      if (list) list.push(value);
      else message[name] = value;
    };
    if (list) path[path.length - 1] = `${name}[${list.length}]`;
    readField(r, tag & 7, type, put, many === 'many', path);
    path.pop();
  }
  if (r.pos !== end) throw new RangeError(`a field ends ${r.pos - end} bytes after its message`);
  return message;
}

function readField(
  r: Reader,
  wire: number,
  type: Scalar | (() => Schema),
  put: (value: unknown) => void,
  many: boolean,
  path: string[],
): void {
  const scalar = typeof type === 'string' ? scalars[type] : undefined;
  const expected = scalar?.wire ?? LENGTH;
  if (wire === expected) {
    if (scalar) put(scalar.read(r));
    else put(decode(r, endOf(r), (type as () => Schema)(), path));
    return;
  }
  if (!many || wire !== LENGTH || !scalar)
    throw new TypeError(`wire type ${wire} in place of ${expected}`);
  // packed: many values in one field
  const end = endOf(r);
  while (r.pos < end) put(scalar.read(r));
  if (r.pos !== end) throw new RangeError('a value reaches over the end of its list');
}

function endOf(r: Reader): number {
  const length = r.uint32();
  if (length > r.len - r.pos)
    throw new RangeError(`${length} bytes announced at byte ${r.pos}, ${r.len - r.pos} are left`);
  return r.pos + length;
}
