// The functions of a host as the tools of an agent (DESIGN.md §4 "tools()"): each in the shape in which model APIs and the Model
// Context Protocol take tools, with the call that runs it.
import type { DispatchOptions } from '../host/calls.ts';
import { sha256 } from '../keys/hash.ts';
import type { ToolDescription } from '../src/contracts/api.ts';
import type { Kind } from '../src/contracts/manifest.ts';
import type { CallResult } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import { isObjectSchema, toolName } from '../src/tool.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** One tool. What a model API does not know (`source`, `call`) is beside what it takes. */
export interface Tool {
  /** Letters, digits and underscores, at most 64: `skill_pdf_text`. The same function has the same name in every host. */
  readonly name: string;
  readonly description: string;
  /** Always of an object, as model APIs demand; a function that takes something else gets it as the property `input`. */
  readonly inputSchema: JsonSchema;
  /** Where the function answers with an object. */
  readonly outputSchema?: JsonSchema;
  /** Hints of the Model Context Protocol; what lowers a risk rests on what the bundle can do, never on its word. */
  readonly annotations: ToolDescription['annotations'];
  readonly source: {
    readonly kind: Kind;
    readonly name: string;
    readonly bundle: string;
    readonly version: string;
  };
  /** Calls it with arguments of `inputSchema`; a dry run unless `apply`. Throws SignetError. */
  call(args: unknown, options?: DispatchOptions): Promise<CallResult>;
}

type Dispatch = (kind: Kind, name: string, input: unknown, options?: DispatchOptions) => Promise<CallResult>;

const hex = (text: string): string => Buffer.from(sha256(text)).toString('hex');

/** The tool of a described function. */
export function toTool(described: ToolDescription, dispatch: Dispatch): Tool {
  const { kind, name, description, bundle, version, input, output, annotations } = described;
  const wrapped = !isObjectSchema(input);
  return {
    name: toolName(kind, name, hex),
    description,
    inputSchema: wrapped ? wrap(input) : input,
    ...(isObjectSchema(output) ? { outputSchema: output } : {}),
    annotations,
    source: { kind, name, bundle, version },
    call: async (args, options) =>
      dispatch(kind, name, wrapped ? unwrap(args, `${kind}/${name}`) : args, options),
  };
}

const wrap = (input: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { input },
  required: ['input'],
  additionalProperties: false,
});

function unwrap(args: unknown, item: string): unknown {
  if (
    typeof args === 'object' &&
    args !== null &&
    Object.hasOwn(args, 'input') &&
    Object.keys(args).length === 1
  )
    return (args as { input: unknown }).input;
  throw new SignetError('E_INPUT', `${item} takes its value as the one argument "input"`, {
    item,
    expected: '{ "input": … }',
  });
}
