// What authors import as `signet-host/plugin`: types, and two functions that hand back what they are given (DESIGN.md §2,
// §7 "Guest SDK"). A build puts an equal module of its own in this one's place; `ctx` comes from the host's prelude.
import type { z } from 'zod';
import type { MAC_ALGORITHMS } from '../src/contracts/config.ts';
import type {
  ApplyInput,
  ApplyOutput,
  ExtractorInput,
  ExtractorOutput,
  ObserverInput,
  ObserverOutput,
  ParserInput,
  ParserOutput,
} from '../src/contracts/convergence.ts';

/** Values of the kinds whose schemas the kind fixes. */
interface FixedKinds {
  parser: { input: z.output<typeof ParserInput>; output: z.output<typeof ParserOutput> };
  extractor: { input: z.output<typeof ExtractorInput>; output: z.output<typeof ExtractorOutput> };
  observer: { input: z.output<typeof ObserverInput>; output: z.output<typeof ObserverOutput> };
  apply: { input: z.output<typeof ApplyInput>; output: z.output<typeof ApplyOutput> };
}

/** What an effect that changes something answers: in a dry run it is not done, and `action` says what would have been. */
export type Changed = { status: 'done' } | { status: 'would'; action: string };

/** What writing a file answers; `bytes` is its length. */
export type Written = { status: 'done'; bytes: number } | { status: 'would'; action: string };

export interface FolderEntry {
  name: string;
  type: 'file' | 'directory' | 'other';
}

/** A command by the exact text that the operator granted, or a granted program with its arguments. */
export type ExecRequest = ({ command: string } | { program: string; args: readonly string[] }) & {
  /** Only where the grant allows it. */
  stdin?: string;
  timeoutMs?: number;
};

export type ExecResult =
  | { status: 'done'; exitCode: number; stdout: string; stderr: string }
  | { status: 'would'; action: string };

/** Bytes or text of a message. */
type Payload = { text: string } | { base64: string };

export interface HttpRequest {
  /** In capitals. */
  method: string;
  /** Absolute, `https:` or `http:`, of a granted origin. */
  url: string;
  headers?: readonly (readonly [name: string, value: string])[];
  body?: Payload;
  /** What a redirect means; every hop is checked against the grants. `follow` unless given. */
  redirect?: 'follow' | 'manual' | 'error';
  timeoutMs?: number;
  /** Names of granted secrets that the host puts where their grant says. */
  secrets?: readonly string[];
}

export type HttpResponse =
  | {
      status: 'done';
      /** Such as 200. */
      code: number;
      statusText: string;
      /** Of the last hop. */
      url: string;
      redirected: boolean;
      /** Names in lower case, in the order in which they came. */
      headers: [name: string, value: string][];
      /** `text` where the bytes are UTF-8. */
      body: Payload;
    }
  | { status: 'would'; action: string };

export interface MacRequest {
  /** Of a granted secret. */
  name: string;
  algorithm: (typeof MAC_ALGORITHMS)[number];
  message: Payload;
  /** As it came, without what a service writes before it. */
  mac: string;
  /** `hex` unless given. */
  encoding?: 'hex' | 'base64';
}

export interface ModelRequest {
  /** One that the manifest asks for; the operator says which model it is. */
  role: string;
  messages: readonly { role: 'system' | 'user' | 'assistant'; content: string }[];
  maxTokens?: number;
}

export interface ModelResponse {
  text: string;
  usage: { inputTokens: number; outputTokens: number };
  model: string;
}

type Log = (message: string, data?: unknown) => Promise<void>;

/**
 * All that a function can reach. Each call is an effect that the host checks against the operator's grants and records; one
 * that is refused rejects with an Error whose `code` says why, such as `E_CAPABILITY_DENIED`.
 */
export interface Context {
  /** True where nothing may be changed: changing effects answer what they would have done. */
  readonly dryRun: boolean;
  readonly log: { debug: Log; info: Log; warn: Log; error: Log };
  /** Milliseconds since the Unix epoch. */
  readonly clock: { now(): Promise<number> };
  /** At most 4096 bytes from the host's source of randomness. */
  readonly random: { bytes(count: number): Promise<Uint8Array> };
  /** Regular files and folders by absolute path, inside what is granted; at most 8 MiB at once. */
  readonly fs: {
    /** UTF-8. */
    readText(path: string): Promise<string>;
    readBytes(path: string): Promise<Uint8Array>;
    list(path: string): Promise<FolderEntry[]>;
    /** The whole file, new or replaced; `create` refuses one that is there. `replace` unless given. */
    writeText(path: string, text: string, mode?: 'replace' | 'create'): Promise<Written>;
    writeBytes(path: string, bytes: Uint8Array, mode?: 'replace' | 'create'): Promise<Written>;
  };
  /** One HTTP exchange; the global `fetch` is this with the web's face. */
  http(request: HttpRequest): Promise<HttpResponse>;
  /** A secret is never handed out: the host checks with it. */
  readonly secret: { verify(request: MacRequest): Promise<{ valid: boolean }> };
  /** Calls `kind/name` of another bundle, within what is left of this call's time and effects; its output. */
  invoke(name: string, input: unknown): Promise<unknown>;
  model(request: ModelRequest): Promise<ModelResponse>;
  exec(request: ExecRequest): Promise<ExecResult>;
  /** Texts that the bundle keeps between calls, for each tenant apart. */
  readonly kv: {
    get(key: string): Promise<string | null>;
    set(key: string, value: string): Promise<Changed>;
    delete(key: string): Promise<Changed>;
    list(prefix?: string): Promise<string[]>;
  };
}

interface Described<Kind extends string> {
  kind: Kind;
  /** Lower-case letters, digits and underscores. */
  name: string;
  description: string;
  /** What the function does to the world. It may raise a function's risk, never lower it. */
  annotations?: { readOnly?: boolean; idempotent?: boolean; destructive?: boolean };
}

type Run<Input, Output> = (input: Input, ctx: Context) => Output | Promise<Output>;

/** A function of a kind that fixes what goes in and comes out. */
export interface FixedFunction<Kind extends keyof FixedKinds> extends Described<Kind> {
  run: Run<FixedKinds[Kind]['input'], FixedKinds[Kind]['output']>;
}

/** A tool: the host checks input and output against JSON Schema made of these; defaults are filled in by the host. */
export interface SkillFunction<Input extends z.ZodType, Output extends z.ZodType> extends Described<'skill'> {
  input: Input;
  output: Output;
  run: Run<z.output<Input>, z.output<Output>>;
}

/** What `provide` returns: the definition with its types forgotten. */
export interface ProvidedFunction {
  readonly kind: string;
  readonly name: string;
  readonly description: string;
  readonly annotations?: { readOnly?: boolean; idempotent?: boolean; destructive?: boolean };
  readonly input?: z.ZodType;
  readonly output?: z.ZodType;
  readonly run: (input: never, ctx: Context) => unknown;
}

/** One function of a bundle. For kinds that fix their schemas, `input` and `output` are left out. */
export function provide<Kind extends keyof FixedKinds>(definition: FixedFunction<Kind>): ProvidedFunction;
export function provide<Input extends z.ZodType, Output extends z.ZodType>(
  definition: SkillFunction<Input, Output>,
): ProvidedFunction;
export function provide(definition: ProvidedFunction): ProvidedFunction {
  return definition;
}

/** The default export of `index.ts`: everything that the bundle provides. */
export function definePlugin(functions: readonly ProvidedFunction[]): readonly ProvidedFunction[] {
  return functions;
}
