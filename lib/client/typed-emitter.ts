// Node's EventEmitter, typed by the events that there are. The types of Node.js differ from version to version: those of some take any
// name for an event, those of others refuse `newListener`.

import { EventEmitter } from 'node:events';

/** What a listener of the event is called with. */
type Arguments<Events, E> = E extends keyof Events ? (Events[E] extends unknown[] ? Events[E] : never) : never;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as Node.js has it: any other is not an EventEmitter's
type AnyListener = (...args: any[]) => void;
type Listener<Events, E> = (...args: Arguments<Events, E>) => void;

/** What an emitter tells of itself. */
export interface EmitterEvents<Failure> {
  /** Before a listener is added. */
  newListener: [event: string | symbol, listener: (...args: never[]) => void];
  /** After a listener was removed. */
  removeListener: [event: string | symbol, listener: (...args: never[]) => void];
  /** The events `error`, also where nobody listens to those. */
  [EventEmitter.errorMonitor]: [error: Failure];
}

/**
 * The methods of Node's EventEmitter, for known events. Their type parameters are the same whatever the events are, so that a method of
 * one client or another can be called.
 */
export interface TypedEmitter<Events> {
  on<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  once<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  off<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  addListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  removeListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  prependListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  prependOnceListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  removeAllListeners(event?: keyof Events): this;
  emit<E extends string | symbol>(event: E & keyof Events, ...args: Arguments<Events, E>): boolean;
  listenerCount<E extends string | symbol>(event: E & keyof Events, listener?: Listener<Events, E>): number;
  listeners(event: keyof Events): AnyListener[];
  rawListeners(event: keyof Events): AnyListener[];
  eventNames(): (string | symbol)[];
  setMaxListeners(n: number): this;
  getMaxListeners(): number;
}

/** Node's own class. */
export const TypedEmitter = EventEmitter as unknown as new <Events>() => TypedEmitter<Events>;
