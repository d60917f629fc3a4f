// Timing for the bench: medians, and two things measured in turn so that a drifting machine drifts for both.

/** The median of the samples. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Median time of one run in microseconds, after warming up, over `count` runs one after the other. */
async function timeEach(run: () => unknown, count: number, warm = Math.ceil(count / 4)): Promise<number> {
  for (let i = 0; i < warm; i++) await run();
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await run();
    samples.push((performance.now() - start) * 1000);
  }
  return median(samples);
}

/** Both in turn, round by round: the medians of each, and the median of the ratios of the rounds. */
export async function timePair(
  one: () => unknown,
  other: () => unknown,
  count: number,
  rounds = 7,
): Promise<{ one: number; other: number; ratio: number }> {
  const ones: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < rounds; round++) {
    others.push(await timeEach(other, count));
    ones.push(await timeEach(one, count));
  }
  return {
    one: median(ones),
    other: median(others),
    ratio: median(ones.map((value, i) => value / (others[i] ?? Number.NaN))),
  };
}

/** A JSON value of about 1 KB, the payload of every dispatch here. */
export function payload(): Record<string, unknown> {
  const items = Array.from({ length: 20 }, (_, i) => ({
    k: `field${i}`,
    v: `value-${(i * 7919) % 10_007}`,
    n: i,
  }));
  return {
    id: 'evt_0123456789',
    kind: 'tool.result',
    ok: true,
    n: 42,
    f: 3.25,
    tags: ['a', 'b', 'c'],
    items,
  };
}

/** JavaScript of about `bytes` bytes: functions, tables and classes, as a bundle has them. */
export function sourceOf(bytes: number): string {
  let source = '';
  for (let i = 0; source.length < bytes; i++) {
    source +=
      i % 3 === 0
        ? `class Extractor${i}{constructor(o={}){this.o={limit:${i},...o};this.seen=new Map()}run(e){const k=e.id+':${i}';if(this.seen.has(k))return this.seen.get(k);const r=(e.items||[]).filter(x=>x.n%${(i % 7) + 2}===0).map(x=>({k:x.k,v:String(x.v)}));this.seen.set(k,r);return r}}\nregister('ex${i}',()=>new Extractor${i}());\n`
        : `function step${i}(a,b){let s=0;for(const x of a){if(typeof x==='number')s+=x*${i};else if(x&&x.n!==undefined)s+=x.n-${i}}return{sum:s,label:'step${i}-'+b}}\nregister('f${i}',step${i});\n`;
  }
  return source;
}
