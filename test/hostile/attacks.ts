// What hostile bundles do (THREATS.md, host rows), as data: a function and the codes with which the host may answer it. Tried
// in an isolate by test/host/supervisor.test.ts, in a whole host by test/hostile/host.test.ts, and for minutes by soak.ts.

const TIME = ['E_TIMEOUT'];
/** Near its memory limit the way in which V8 gives up varies from run to run (FLOORS.md). */
export const MEMORY: readonly string[] = ['E_MEMORY', 'E_WORKER_LOST', 'E_TIMEOUT'];
const LOST_OR_SLOW = ['E_TIMEOUT', 'E_MEMORY', 'E_WORKER_LOST'];

/** One hostile function. */
export interface Attack {
  /** Row of THREATS.md. */
  readonly row: string;
  /** Text of a function expression: `(input, ctx) => output`. */
  readonly run: string;
  /** The host's answer: one of these. */
  readonly codes: readonly string[];
  /** Milliseconds that its call may take; 300 unless said. */
  readonly wallMs?: number;
}

const ATTACKS: Readonly<Record<string, Attack>> = {
  'an endless loop': { row: 'H1', run: '()=>{for(;;);}', codes: TIME },
  'a loop that catches everything': {
    row: 'H1',
    run: '()=>{for(;;){try{for(;;);}catch{}finally{}}}',
    codes: TIME,
  },
  'endless microtasks': { row: 'H1', run: '()=>{const f=()=>{Promise.resolve().then(f)};f()}', codes: TIME },
  // Each promise waits for the next: whichever is up first, time or memory.
  'an endless chain of promises': {
    row: 'H1',
    run: '()=>{const f=()=>Promise.resolve().then(f);return f()}',
    codes: MEMORY,
  },
  'an endless await': { row: 'H1', run: 'async()=>{for(;;)await null}', codes: TIME },
  'an endless thenable': { row: 'H1', run: '()=>({then(resolve){resolve(this)}})', codes: TIME },
  'a thenable that loops': { row: 'H1', run: '()=>({then(){for(;;);}})', codes: TIME },
  'a regular expression that explodes': {
    row: 'H1',
    run: "()=>/^(a+)+$/.test('a'.repeat(40)+'b')",
    codes: TIME,
  },
  'a call that waits for ever': { row: 'H1', run: '()=>new Promise(()=>{})', codes: TIME },
  'a BigInt power': { row: 'H2', run: '()=>String(3n**30000000n).length', codes: TIME },
  'a giant array filled': {
    row: 'H2',
    run: '()=>new Array(1e9).fill(1).length',
    codes: LOST_OR_SLOW,
    wallMs: 2_000,
  },
  'a sort that never ends': {
    row: 'H2',
    run: '()=>Array.from({length:1e6},(_,i)=>i).sort((a,b)=>{for(let i=0;i<1e5;i++);return b-a}).length',
    codes: TIME,
  },
  'JSON.parse of a giant text': {
    row: 'H2',
    run: "()=>JSON.parse('['+'[],'.repeat(2e7)+'1]').length",
    codes: LOST_OR_SLOW,
    wallMs: 2_000,
  },
  'a bomb of objects': {
    row: 'H3',
    run: '()=>{const a=[];for(;;)a.push({x:[1,2,3]})}',
    codes: MEMORY,
    wallMs: 8_000,
  },
  'a bomb of arrays': {
    row: 'H3',
    run: '()=>{const a=[];for(;;)a.push(new Array(1e5).fill(1.5))}',
    codes: MEMORY,
    wallMs: 8_000,
  },
  'a bomb of map entries': {
    row: 'H3',
    run: '()=>{const m=new Map();for(let i=0;;i++)m.set(i,i)}',
    codes: MEMORY,
    wallMs: 8_000,
  },
  'a bomb of strings': {
    row: 'H3',
    run: "()=>{const a=[];for(let i=0;;i++)a.push(JSON.stringify('x'.repeat(1e6)+i))}",
    codes: MEMORY,
    wallMs: 8_000,
  },
  'a bomb of properties': {
    row: 'H3',
    run: "()=>{const o={};for(let i=0;;i++)o['a'+i]='b'+i}",
    codes: MEMORY,
    wallMs: 8_000,
  },
  'a bomb of buffers': {
    row: 'H3',
    run: '()=>{const a=[];for(;;)a.push(new Uint8Array(1e6).fill(1))}',
    codes: [...MEMORY, 'E_GUEST'],
    wallMs: 8_000,
  },
  'a getter in the output that loops': { row: 'H5', run: '()=>({get a(){for(;;);}})', codes: TIME },
  'a proxy in the output that loops': {
    row: 'H5',
    run: '()=>new Proxy({},{ownKeys(){for(;;);}})',
    codes: TIME,
  },
  'a toJSON that loops': { row: 'H5', run: '()=>({toJSON(){for(;;);}})', codes: TIME },
  'a then getter that loops': { row: 'H5', run: '()=>({get then(){for(;;);}})', codes: TIME },
  'an error whose message loops': {
    row: 'H5',
    run: "()=>{throw Object.defineProperty(new Error(''),'message',{get(){for(;;);}})}",
    codes: TIME,
  },
  'an error whose stack loops': {
    row: 'H5',
    run: "()=>{throw Object.defineProperty(new Error(''),'stack',{get(){for(;;);}})}",
    codes: TIME,
  },
  'a rejection nobody hears, whose message loops': {
    row: 'H5',
    run: '()=>{Promise.reject({get message(){for(;;);}});return 1}',
    codes: TIME,
  },
  'an argument of an effect that loops': {
    row: 'H5',
    run: "(_,ctx)=>ctx.log.info('x',{toJSON(){for(;;);}})",
    codes: TIME,
  },
  'null thrown': { row: 'H6', run: '()=>{throw null}', codes: ['E_GUEST'] },
  'undefined rejected': { row: 'H6', run: '()=>Promise.reject()', codes: ['E_GUEST'] },
  'a symbol thrown': { row: 'H6', run: "()=>{throw Symbol('s')}", codes: ['E_GUEST'] },
  'a proxy thrown': {
    row: 'H6',
    run: "()=>{throw new Proxy(new Error('x'),{get(){throw new Proxy({},{get(){throw 1}})}})}",
    codes: ['E_GUEST'],
  },
  'a message of 100 MB': {
    row: 'H6',
    run: "()=>{const e=new Error('');e.message='x'.repeat(1e8);throw e}",
    codes: ['E_GUEST', ...MEMORY],
  },
  'a cyclic cause': { row: 'H6', run: "()=>{const e=new Error('x');e.cause=e;throw e}", codes: ['E_GUEST'] },
  'a cyclic output': { row: 'H6', run: '()=>{const a=[];a.push(a);return a}', codes: ['E_OUTPUT'] },
  'a BigInt as output': { row: 'H6', run: '()=>1n', codes: ['E_OUTPUT'] },
  'an output nested past the stack': {
    row: 'H6',
    run: '()=>{let a=[];for(let i=0;i<1e6;i++)a=[a];return a}',
    codes: ['E_OUTPUT', ...MEMORY],
  },
  'endless recursion': { row: 'H6', run: '()=>{const f=()=>f()+1;return f()}', codes: ['E_GUEST'] },
  'a rejection that claims to be a timeout': {
    row: 'H6',
    run: "()=>{Promise.reject(new Error('Script execution timed out.'));throw new Error('honest')}",
    codes: ['E_GUEST'],
  },
  'a flood of effects': {
    row: 'H9',
    run: "async(_,ctx)=>{for(;;)await ctx.log.info('x')}",
    codes: ['E_EFFECT_LIMIT'],
    wallMs: 10_000,
  },
  'a flood of effects at once': {
    row: 'H9',
    run: "(_,ctx)=>Promise.all(Array.from({length:5000},()=>ctx.log.info('x')))",
    codes: ['E_EFFECT_LIMIT'],
    wallMs: 10_000,
  },
  'an output over its limit': {
    row: 'H9',
    run: "()=>'x'.repeat(5<<20)",
    codes: ['E_OUTPUT'],
    wallMs: 10_000,
  },
  'an output of many bytes a character': {
    row: 'H9',
    run: "()=>'\\u4e2d'.repeat(3<<19)",
    codes: ['E_OUTPUT'],
    wallMs: 10_000,
  },
  // H4: what lies outside the heap's limit is not there, or is stopped with the process.
  'WebAssembly memory': { row: 'H4', run: '()=>new WebAssembly.Memory({initial:65536})', codes: ['E_GUEST'] },
  'shared memory': { row: 'H4', run: '()=>new SharedArrayBuffer(1e9)', codes: ['E_GUEST'] },
  'waiting that nothing interrupts': {
    row: 'H1',
    run: '()=>Atomics.wait(new Int32Array(new ArrayBuffer(8)),0,0)',
    codes: ['E_GUEST'],
  },
  'a buffer that grows to 4 GB': {
    row: 'H4',
    run: '()=>{const b=new ArrayBuffer(8,{maxByteLength:2**32});for(let n=1;n<=4096;n*=2){b.resize(n*1048576);new Uint8Array(b).fill(1)}}',
    codes: [...MEMORY, 'E_GUEST'],
    wallMs: 8_000,
  },
  // H7
  'a process to exit': { row: 'H7', run: '()=>process.exit(0)', codes: ['E_GUEST'] },
  'a module to require': { row: 'H7', run: "()=>require('node:fs')", codes: ['E_GUEST'] },
  'a module to import': { row: 'H7', run: "()=>import('node:'+'fs')", codes: ['E_GUEST'] },
  'code made from a string': {
    row: 'H7',
    run: "()=>(()=>{}).constructor('return this')()",
    codes: ['E_GUEST'],
  },
  'code made by an asynchronous constructor': {
    row: 'H7',
    run: "(_,ctx)=>ctx.log.info.constructor('return process')()",
    codes: ['E_GUEST'],
  },
  // H10
  'a file that is not granted': {
    row: 'H10',
    run: "(_,ctx)=>ctx.fs.readText('/etc/passwd')",
    codes: ['E_CAPABILITY_DENIED', 'E_GUEST'],
  },
  'a program that is not granted': {
    row: 'H10',
    run: "(_,ctx)=>ctx.exec({program:'/bin/sh',args:['-c','id']})",
    codes: ['E_CAPABILITY_DENIED', 'E_GUEST'],
  },
};

/** Milliseconds of the calls that name no limit of their own. */
const DEFAULT_WALL_MS = 300;

/** One attack as the function of an installed bundle. */
export interface InstalledAttack extends Attack {
  readonly title: string;
  /** `skill/<name>` is the attack. */
  readonly name: string;
  readonly wallMs: number;
  /** Limits are a bundle's: those of one limit share one. */
  readonly bundle: string;
}

/** Every attack with the names under which `createHostileWorld` (project.ts) installs it. */
export const INSTALLED_ATTACKS: readonly InstalledAttack[] = Object.entries(ATTACKS).map(
  ([title, attack], index) => {
    const { wallMs = DEFAULT_WALL_MS } = attack;
    return { title, ...attack, wallMs, name: `attack_${index}`, bundle: `local/hostile-${wallMs}` };
  },
);

/** An honest function of the attackers' publisher, and so in their worker: `skill/<KIN>` gives its input back. */
export const KIN = 'kin';
