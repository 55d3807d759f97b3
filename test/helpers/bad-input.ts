import { expect } from 'chai';
import { rejection } from './rejection.js';
import { type Bad, expectNamed, given } from './wrong-values.js';

/** A call with an argument that is wrong, and the values that it must refuse. */
export type Call<C> = readonly [name: string, bad: readonly Bad[], call: (client: C, value: never) => Promise<unknown>];

/** No broker is there. */
export const nobody = { 'bootstrap.servers': '127.0.0.1:1' };

/** A suite with a test for each call: wrong values are refused by name, and by a rejection. */
export function table<C extends { close(): Promise<void> }>(
  title: string,
  make: () => C,
  calls: readonly Call<C>[],
): void {
  describe(`bad input: ${title}`, () => {
    for (const [name, bad, call] of calls) {
      it(`is refused by name, and by a rejection: ${name}`, async () => {
        const client = make();
        try {
          for (const one of bad) {
            let promise: Promise<unknown>;
            try {
              promise = call(client, given(one[0]));
            } catch (error) {
              throw new Error(`${name} threw instead of rejecting`, { cause: error });
            }
            expect(promise).to.be.instanceOf(Promise);
            expectNamed(await rejection(promise), one);
          }
        } finally {
          await client.close();
        }
      });
    }
  });
}
