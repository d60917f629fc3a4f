// The guest's clock and chance are the record's (THREATS.md H18).
import { expect, it } from 'vitest';
import { bundleOf, callOptions, closeAfterEach, openGuest, supervise } from '../guest-fixture.ts';

closeAfterEach();

const NOW = Date.UTC(2026, 0, 31, 12, 30, 15, 250);

async function at(run: string): Promise<unknown> {
  const guest = await openGuest(supervise({ now: () => NOW }), bundleOf({ run }));
  return JSON.parse(await guest.call('skill/run', '{}', callOptions()));
}

it.each([
  ['Date.now', '()=>Date.now()', NOW],
  ['new Date()', '()=>new Date().getTime()', NOW],
  ['Date as a function', '()=>Date()', 'Sat Jan 31 2026 12:30:15 GMT+0000 (Coordinated Universal Time)'],
  ['Date as a function with arguments', '()=>Date(0)===Date()', true],
  ['a given time', '()=>new Date(5).getTime()', 5],
  ['parts of a time', '()=>new Date(2020,1,3).toISOString()', '2020-02-03T00:00:00.000Z'],
  ['an undefined time', '()=>Number.isNaN(new Date(undefined).getTime())', true],
  ['a text', "()=>new Date('2020-02-03').getTime()===Date.parse('2020-02-03')", true],
  ['a copy', '()=>new Date(new Date(7)).getTime()', 7],
  ['Date.UTC', '()=>Date.UTC(1970,0,2)', 86_400_000],
  ['a subclass', '()=>{const d=new (class D extends Date{x(){return this.getTime()}})();return d.x()}', NOW],
  ['Reflect.construct', '()=>Reflect.construct(Date,[]).getTime()', NOW],
  ['the constructor of an instance', '()=>new (new Date(0).constructor)().getTime()', NOW],
  [
    'instanceof, name and length',
    '()=>[new Date() instanceof Date,Date.name,Date.length]',
    [true, 'Date', 7],
  ],
  ['what can be listed', '()=>Object.keys(Date)', []],
  ['its prototype, kept', '()=>{Date.prototype={};return new Date().getTime()}', NOW],
  [
    'the zone',
    '()=>[new Date().getTimezoneOffset(),Intl.DateTimeFormat().resolvedOptions().timeZone]',
    [0, 'UTC'],
  ],
  [
    'the locale',
    '()=>[(1234.5).toLocaleString(),Intl.NumberFormat().resolvedOptions().locale]',
    ['1,234.5', 'en-US'],
  ],
  ['a local text', '()=>new Date().toLocaleDateString()', '1/31/2026'],
  ['another zone', "()=>new Date().toLocaleString('en-GB',{timeZone:'Asia/Tokyo'})", '31/01/2026, 21:30:15'],
  ['a format of now', "()=>new Intl.DateTimeFormat('en-GB').format()", '31/01/2026'],
  ['a format of a given time', "()=>new Intl.DateTimeFormat('en-GB').format(0)", '01/01/1970'],
  [
    'a format taken off',
    "()=>{const {format}=new Intl.DateTimeFormat('en-GB');return [0,undefined].map(x=>format(x))}",
    ['01/01/1970', '31/01/2026'],
  ],
  ['one format an instance', '()=>{const f=new Intl.DateTimeFormat();return f.format===f.format}', true],
  [
    'the parts of now',
    "()=>new Intl.DateTimeFormat('en-GB').formatToParts().map(p=>p.value).join('')",
    '31/01/2026',
  ],
  [
    'no second clock',
    '()=>[typeof Temporal,typeof Date.prototype.toTemporalInstant,performance.timeOrigin+performance.now()]',
    ['undefined', 'undefined', NOW],
  ],
])('%s', async (_, run, expected) => {
  expect(await at(run)).toEqual(expected);
});

it('has chance that is spread, in [0, 1), and another in each generation', async () => {
  const run = '()=>Array.from({length:10000},()=>Math.random())';
  const [one, two] = [(await at(run)) as number[], (await at(run)) as number[]];
  expect(one).not.toEqual(two);
  expect(new Set(one).size).toBe(one.length);
  expect(one.every((value) => value >= 0 && value < 1)).toBe(true);
  const counts = new Array(10).fill(0);
  for (const value of one) counts[Math.floor(value * 10)]++;
  // Fifteen standard deviations.
  expect(counts.every((count) => count > 550 && count < 1450)).toBe(true);
});
