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
  /** Calls the listener each time. */
  on<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  /** Calls the listener the next time. */
  once<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  /** Takes a listener away. */
  off<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  /** The same as on(). */
  addListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  /** The same as off(). */
  removeListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  /** As on(), before the listeners that are there. */
  prependListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  /** As once(), before the listeners that are there. */
  prependOnceListener<E extends string | symbol>(event: E & keyof Events, listener: Listener<Events, E>): this;
  /** Takes all listeners of the event away; none given: of all events. */
  removeAllListeners(event?: keyof Events): this;
  /** Calls the listeners of the event. The client does that itself. */
  emit<E extends string | symbol>(event: E & keyof Events, ...args: Arguments<Events, E>): boolean;
  /** How many listeners the event has. */
  listenerCount<E extends string | symbol>(event: E & keyof Events, listener?: Listener<Events, E>): number;
  /** The listeners of the event. */
  listeners(event: keyof Events): AnyListener[];
  /** The listeners of the event, with what once() has wrapped them in. */
  rawListeners(event: keyof Events): AnyListener[];
  /** The events that have listeners. */
  eventNames(): (string | symbol)[];
  /** More listeners than that of one event are warned of. Default: 10. */
  setMaxListeners(n: number): this;
  /** What setMaxListeners() was given. */
  getMaxListeners(): number;
}

/** Node's own class. */
export const TypedEmitter = EventEmitter as unknown as new <Events>() => TypedEmitter<Events>;
